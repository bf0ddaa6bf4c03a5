// Light or dark by the reader's own choice, kept in a cookie so that the server draws the first paint right.
const root = document.documentElement;

function choose(theme) {
  const day = 86400;
  if (theme === "auto") {
    delete root.dataset.theme;
    document.cookie = "theme=; path=/; max-age=0; samesite=lax";
  } else {
    root.dataset.theme = theme;
    document.cookie = `theme=${theme}; path=/; max-age=${400 * day}; samesite=lax`;
  }
}

for (const group of document.querySelectorAll("[data-theme-switch]")) {
  group.hidden = false; // without scripts it could do nothing, so it is not shown
  group.addEventListener("change", (event) => choose(event.target.value));
}
