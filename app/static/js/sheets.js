// A page that is there to be printed: its button opens the print dialog. Without scripts the browser's own menu does.
for (const button of document.querySelectorAll("[data-print-now]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
