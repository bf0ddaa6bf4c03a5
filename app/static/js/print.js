// Printing: the link leads to the whole statement on one page; once there, the print dialog opens.
// Without scripts it is a link to that page, which the browser's own menu prints.

const whole = new URLSearchParams(location.search).get("all") === "1";

for (const link of document.querySelectorAll("[data-print]")) {
  link.addEventListener("click", (event) => {
    if (whole) {
      event.preventDefault();
      window.print();
    }
  });
}

if (whole && location.hash === "#print") {
  history.replaceState(null, "", location.pathname + location.search);
  window.print();
}
