// What scripts add to the pages: suggestions while searching, keys, cards that can be
// dragged and move when others move them, totals while an estimate is typed. Every
// page works without.
"use strict";
document.documentElement.classList.add("scripted");
const one = (sel, from = document) => from.querySelector(sel);
const all = (sel, from = document) => [...from.querySelectorAll(sel)];
const token = one("meta[name=csrf]")?.content ?? "";

// A function that runs when its caller has been quiet for a moment.
function quiet(ms, run) {
  let timer;
  return (...args) => { clearTimeout(timer); timer = setTimeout(() => run(...args), ms); };
}

// Search: suggestions are a list under the field; arrows choose, Enter goes.
const find = one("#find"), found = one("#found");
if (find) {
  let asked = 0;
  const show = (yes) => { found.hidden = !yes; find.setAttribute("aria-expanded", String(yes)); if (!yes) find.removeAttribute("aria-activedescendant"); };
  const suggest = quiet(120, async () => {
    const q = find.value.trim(), mine = ++asked;
    if (q.length < 2) return show(false);
    const answer = await fetch("/search/suggest?q=" + encodeURIComponent(q)).catch(() => null);
    if (!answer?.ok || mine !== asked) return;
    found.innerHTML = await answer.text(); // escaped by the server's templates
    all("[role=option]", found).forEach((o, i) => { o.id = "found-" + i; });
    show(found.childElementCount > 0);
  });
  const choose = (step) => {
    const options = all("[role=option]", found);
    if (!options.length) return;
    const at = options.findIndex((o) => o.getAttribute("aria-selected") === "true");
    const next = options[(at + step + options.length) % options.length] ?? options[0];
    options.forEach((o) => o.setAttribute("aria-selected", String(o === next)));
    find.setAttribute("aria-activedescendant", next.id);
    next.scrollIntoView({ block: "nearest" });
  };
  find.addEventListener("input", suggest);
  find.addEventListener("keydown", (e) => {
    if (e.key === "ArrowDown" || e.key === "ArrowUp") { e.preventDefault(); choose(e.key === "ArrowDown" ? 1 : -1); }
    if (e.key === "Escape") show(false);
    const chosen = one("[aria-selected=true]", found);
    if (e.key === "Enter" && chosen && !found.hidden) { e.preventDefault(); location.href = chosen.href; }
  });
  document.addEventListener("click", (e) => { if (!e.target.closest(".find")) show(false); });
  find.form.addEventListener("focusout", (e) => { if (!find.form.contains(e.relatedTarget)) setTimeout(() => show(false), 150); });
}

// Keys. Letters work only outside fields.
let led = 0;
document.addEventListener("keydown", (e) => {
  if ((e.ctrlKey || e.metaKey) && e.key === "s") {
    const save = one("[data-save]");
    if (save) { e.preventDefault(); save.click(); }
    return;
  }
  if (e.target.closest("input, select, textarea") || e.ctrlKey || e.metaKey || e.altKey) return;
  if (e.key === "/" && find) { e.preventDefault(); find.focus(); find.select(); return; }
  if (e.key === "g") { led = Date.now(); return; }
  const to = { b: "/board", c: "/customers", e: "/estimates" }[e.key];
  if (to && Date.now() - led < 1500) { location.href = to; return; }
  led = 0;
  one(`[data-key="${CSS.escape(e.key)}"]`)?.click();
  if (e.key === "n" && !one('[data-key="n"]') && find) location.href = "/customers/new";
});
all("select[data-submit]").forEach((s) => s.addEventListener("change", () => s.form.submit()));

// The board: cards are dragged between columns, and follow what others do.
const board = one("[data-board]");
if (board) {
  const said = one("#said"), branch = board.dataset.board;
  const column = (status) => one(`.column[data-status="${CSS.escape(status)}"]`, board);
  const count = () => all(".column", board).forEach((c) => { one("[data-count]", c).textContent = all(".card", c).length; });
  const place = async (id, status, open) => {
    const old = one("#job-" + id), target = column(status);
    if (!target || !open) { old?.remove(); return count(); }
    if (old?.dataset.status === status) return;
    const answer = await fetch("/board/card/" + id).catch(() => null);
    if (!answer?.ok) return location.reload(); // the page says how things stand
    const box = document.createElement("template");
    box.innerHTML = await answer.text();
    const card = one(".card", box.content);
    one("#job-" + id)?.remove();
    column(card.dataset.status)?.querySelector("ul").append(card);
    card.classList.add("moved");
    said.textContent = one(".plate", card).textContent + ": " + one("h2 .status", target).textContent;
    count();
  };
  const move = async (id, status) => {
    const answer = await fetch(`/api/jobs/${id}/status`, { method: "POST", headers: { "X-CSRF-Token": token, "Content-Type": "application/json" }, body: JSON.stringify({ status }) }).catch(() => null);
    if (answer?.ok) return place(id, status, column(status));
    said.textContent = "The job was not moved.";
    location.reload();
  };
  board.addEventListener("submit", (e) => { // the arrows
    const card = e.target.closest(".card");
    if (!card || !e.submitter) return;
    e.preventDefault();
    const back = e.submitter.title.startsWith("Back");
    move(card.dataset.job, e.submitter.value).then(() => all("#job-" + card.dataset.job + " .step").find((b) => b.title.startsWith("Back") === back)?.focus());
  });
  board.addEventListener("dragstart", (e) => { const c = e.target.closest(".card"); if (c) { e.dataTransfer.setData("text/plain", c.dataset.job); e.dataTransfer.effectAllowed = "move"; } });
  all(".column", board).forEach((c) => {
    c.addEventListener("dragover", (e) => { e.preventDefault(); c.classList.add("over"); });
    c.addEventListener("dragleave", (e) => { if (!c.contains(e.relatedTarget)) c.classList.remove("over"); });
    c.addEventListener("drop", (e) => { e.preventDefault(); c.classList.remove("over"); const id = e.dataTransfer.getData("text/plain"); if (/^\d+$/.test(id)) move(id, c.dataset.status); });
  });
  const events = new EventSource("/api/events");
  events.addEventListener("open", () => { // after a break: what was missed is on the page
    if (board.dataset.live) return location.reload();
    board.dataset.live = "yes";
  });
  events.addEventListener("job", (e) => {
    const job = JSON.parse(e.data);
    if (branch !== "0" && String(job.branch_id) !== branch) return place(job.job_id, "", false);
    place(job.job_id, job.status, column(job.status));
  });
  addEventListener("pagehide", () => events.close());
}

// The builder: rows are added, and the server prices what is typed.
const builder = one("#builder");
if (builder) {
  const rows = one("#rows"), fault = one("#fault");
  const filled = (row) => one("[name=description]", row).value.trim() || one("[name=quantity]", row).value.trim();
  const price = quiet(150, async () => {
    const answer = await fetch("/api/price", { method: "POST", headers: { "X-CSRF-Token": token }, body: new URLSearchParams(new FormData(builder)) }).catch(() => null);
    if (!answer?.ok) return;
    const p = await answer.json();
    all(".line", rows).forEach((row) => { one("[data-amount]", row).textContent = filled(row) ? p.amounts.shift() ?? "" : ""; });
    for (const cell of all("[data-sum]", builder)) if (!p.message) cell.textContent = p[cell.dataset.sum];
    const empty = !all(".line", rows).some(filled);
    fault.hidden = !p.message || empty;
    fault.textContent = p.message;
    builder.dataset.priced = p.message ? "no" : p.gross;
  });
  const add = (box, sel) => {
    const last = all(sel, box).at(-1), row = last.cloneNode(true);
    all("input", row).forEach((i) => { if (i.name !== "supplement") i.value = ""; });
    all("output", row).forEach((o) => { o.textContent = ""; });
    box.append(row);
    return row;
  };
  const line = () => {
    const row = add(rows, ".line"), n = all(".line", rows).length;
    all("[aria-label]", row).forEach((f) => f.setAttribute("aria-label", f.getAttribute("aria-label").replace(/line \d+/, "line " + n)));
    one("[name=kind]", row).value = all("[name=kind]", rows).at(-2)?.value ?? "labour";
    rate(row);
    one("[name=supplement]", row).value = builder.dataset.supplement;
    one("[name=description]", row).focus();
  };
  const rate = (row) => { // labour is charged at the branch's rate unless something else is typed
    const unit = one("[name=unit]", row), labour = one("[name=kind]", row).value === "labour";
    if (labour && !unit.value) unit.value = builder.dataset.rate;
    if (!labour && unit.value === builder.dataset.rate && !filled(row)) unit.value = "";
  };
  one("#more").addEventListener("click", line);
  one("#more-off").addEventListener("click", () => one("select", add(one("#offs"), ".off")).focus());
  rows.addEventListener("change", (e) => { if (e.target.name === "kind") rate(e.target.closest(".line")); });
  builder.addEventListener("input", price);
  builder.addEventListener("change", price);
  builder.addEventListener("keypress", (e) => { // the event whose default sends the form
    if (e.key !== "Enter" || e.target.tagName !== "INPUT") return;
    e.preventDefault(); // Enter goes on to the next row; Ctrl+S saves
    const row = e.target.closest(".line"), next = row?.nextElementSibling;
    if (row) next ? one("[name=description]", next).focus() : line();
  });
  price();
}
