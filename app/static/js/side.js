// The side's tabs: outline and transcript, the transcript alone, notes. Without this they are links down the page.
const KEPT = "duxue.side";

export class Side {
  constructor(root) {
    this.root = root;
    this.links = Array.from(root.querySelectorAll("[data-tab]"));
    this.panels = Array.from(root.querySelectorAll("[data-panel]"));
    for (const link of this.links) {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        this.show(link.dataset.tab);
        this.keep(link.dataset.tab);
      });
    }
    const wanted = location.hash.slice(1) || this.kept();
    this.show(this.links.some((each) => each.dataset.tab === wanted) ? wanted : this.links[0].dataset.tab);
  }

  show(name) {
    this.now = name;
    for (const link of this.links) {
      if (link.dataset.tab === name) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    for (const panel of this.panels) panel.hidden = !panel.dataset.panel.split(" ").includes(name);
    this.root.dataset.showing = name;
  }

  kept() {
    try {
      return sessionStorage.getItem(KEPT);
    } catch (error) {
      return null;
    }
  }

  keep(name) {
    try {
      sessionStorage.setItem(KEPT, name);
    } catch (error) {
      // Then the next lesson begins with the outline.
    }
  }
}
