// Waypost's own script, beside htmx: the source beside the answer, keys, and streams that broke. Without it every link and form
// of the page works by itself. Nothing is made of text here but text.
(() => {
  "use strict";
  const aside = document.getElementById("source");
  const question = () => document.getElementById("question");
  const within = (element, selector) => (element instanceof Element ? element.closest(selector) : null);
  let opener = null;

  // -- the source beside the answer

  function openSource(link) {
    document.querySelectorAll(".open").forEach((one) => one.classList.remove("open"));
    if (!aside.contains(link)) { link.classList.add("open"); opener = link; }
    document.body.classList.add("reading");
    htmx.ajax("GET", link.dataset.source.split("#")[0], { target: "#source", swap: "innerHTML" });
  }

  function closeSource() {
    if (!document.body.classList.contains("reading")) { return false; }
    document.body.classList.remove("reading");
    aside.replaceChildren();
    document.querySelectorAll(".open").forEach((one) => one.classList.remove("open"));
    if (opener && opener.isConnected) { opener.focus(); }
    return true;
  }

  function showCited(inside) {
    const cited = inside.querySelector(".cited");
    if (!cited) { return; }
    const head = inside.querySelector(".source-head");
    if (inside === aside) {
      const above = (head ? head.offsetHeight : 0) + aside.clientHeight / 8;
      aside.scrollTop += cited.getBoundingClientRect().top - aside.getBoundingClientRect().top - above;
    } else {
      cited.scrollIntoView({ block: "center" });
    }
  }

  document.addEventListener("click", (event) => {
    const link = within(event.target, "a[data-source]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
      event.preventDefault();
      openSource(link);
    }
    const does = within(event.target, "[data-do]");
    if (does && does.dataset.do === "close") { closeSource(); }
    if (does && does.dataset.do === "keys") { document.getElementById("keys").showModal(); }
    const line = within(event.target, "aside a[href^='#L']");
    if (line) { event.preventDefault(); showCited(aside); }
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target !== aside) { return; }
    aside.querySelectorAll(".close").forEach((one) => { one.hidden = false; });
    showCited(aside);
    const title = document.getElementById("source-title");
    if (title && !(opener && opener === document.activeElement && moving)) { title.focus({ preventScroll: true }); }
  });

  // -- keys

  let moving = false; // from citation to citation, with the source open: the focus stays with them

  function move(step) {
    const all = [...document.querySelectorAll("main .cite, main .result, main .cites a[data-source]")].filter((one) => one.offsetParent);
    if (!all.length) { return; }
    const from = all.includes(document.activeElement) ? document.activeElement : opener;
    const at = all.indexOf(from);
    const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1)];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
    if (document.body.classList.contains("reading") && next.dataset.source) { moving = true; openSource(next); }
  }

  document.addEventListener("keydown", (event) => {
    const typing = within(event.target, "input:not([type=checkbox]):not([type=radio]), textarea, select");
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) { return; }
    if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
      if (!closeSource() && typing) { event.target.blur(); }
      return;
    }
    if (typing) {
      if (event.key === "Enter" && !event.shiftKey && event.target.tagName === "TEXTAREA") {
        event.preventDefault();
        event.target.form.requestSubmit();
      }
      return;
    }
    const chosen = within(event.target, ".cite, .result, .cites a");
    moving = false;
    if (event.key === "/" && question()) { event.preventDefault(); closeOnNarrow(); question().focus(); }
    else if (event.key === "?") { document.getElementById("keys").showModal(); }
    else if (event.key === "j" || (event.key === "ArrowRight" && chosen)) { event.preventDefault(); move(1); }
    else if (event.key === "k" || (event.key === "ArrowLeft" && chosen)) { event.preventDefault(); move(-1); }
  });

  function closeOnNarrow() {
    if (window.matchMedia("(max-width: 61.99rem)").matches) { closeSource(); }
  }

  // -- questions and streams

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.id === "ask" && document.querySelector(".turn[aria-busy]")) { event.preventDefault(); }
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.target.id === "ask" && event.detail.successful) {
      document.querySelectorAll("h1:not(.sr)").forEach((one) => one.classList.add("sr"));
      document.querySelectorAll(".hint").forEach((one) => one.remove());
      question().value = "";
      question().placeholder = "Follow up";
      const last = document.querySelector("#turns > :last-child");
      if (last) { last.scrollIntoView({ block: "start" }); }
    }
    if (event.detail.failed && !event.detail.xhr.status) { unreachable(event.target); }
  });

  function unreachable(element) {
    const told = document.createElement("p");
    told.className = "broken";
    told.setAttribute("role", "alert");
    told.textContent = "Waypost can't be reached. What you see may be old.";
    const place = element.id === "ask" ? document.getElementById("turns") : element;
    place.append(told);
  }

  function breakOff(turn, why) {
    turn.removeAttribute("aria-busy");
    turn.dataset.state = "broken";
    const place = turn.querySelector(".broken-place");
    if (why && place && !place.childElementCount) {
      const told = document.createElement("p");
      told.className = "broken";
      told.textContent = why;
      place.append(told);
    }
    turn.querySelectorAll(".again").forEach((one) => { one.hidden = false; });
  }

  document.addEventListener("htmx:sseError", (event) => {
    // Whatever ends a stream but its own last event breaks it: it is not opened again, which would ask again.
    const turn = event.target;
    if (event.detail.source) { event.detail.source.close(); }
    turn.removeAttribute("sse-connect");
    if (turn.dataset.state !== "broken") {
      breakOff(turn, "The answer broke off: the connection was lost. What stands above is not whole, and was not checked to its end: don't act on it.");
    }
  });

  document.addEventListener("htmx:sseMessage", (event) => {
    const kind = event.detail.type;
    if (kind === "broken") {
      const turn = within(event.target, ".turn");
      turn.removeAttribute("sse-connect");
      breakOff(turn, "");
    }
  });

  document.addEventListener("htmx:load", (event) => {
    if (event.target.matches("#turns > .turn[data-thread]")) { settle(event.target); }
  });

  function settle(last) {
    history.replaceState(null, "", "/t/" + encodeURIComponent(last.dataset.thread));
    document.querySelectorAll(".share").forEach((one) => { if (!last.contains(one)) { one.remove(); } });
  }

  // -- when the page is there

  function limits() {
    const told = document.getElementById("limits");
    if (!told) { return; }
    const chosen = [...document.querySelectorAll("#ask :checked")].map((one) => one.value);
    told.textContent = chosen.join(", ");
  }
  document.addEventListener("change", limits);
  document.querySelectorAll(".script-only, .keys-button").forEach((one) => { one.hidden = false; });
  limits();
  if (!location.hash) { showCited(document.getElementById("main")); }
})();
