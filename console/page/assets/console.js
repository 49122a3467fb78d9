// What the console needs of scripts besides htmx: the menu on a narrow screen, questions
// before what cannot be undone, and printing. Everything else works without.
"use strict";

document.addEventListener("click", (e) => {
  const menu = e.target.closest("[data-menu]");
  if (menu) {
    const open = document.body.classList.toggle("menu-open");
    menu.setAttribute("aria-expanded", String(open));
  }
  if (e.target.closest("[data-print]")) window.print();
});

document.addEventListener("keydown", (e) => {
  if (e.key === "Escape" && document.body.classList.contains("menu-open")) {
    document.body.classList.remove("menu-open");
    const menu = document.querySelector("[data-menu]");
    menu.setAttribute("aria-expanded", "false");
    menu.focus();
  }
});

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (e) => {
  const form = e.target;
  if (form.dataset.sent) {
    e.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 3000);
});

document.documentElement.classList.add("scripted");
