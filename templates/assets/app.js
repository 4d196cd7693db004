// The one script. Every page works without it; it finds its elements by data-* and adds
// comfort. It never decides anything about money.

const slowest = 15_000;

// data-refresh-while: the element stands on a page that waits for something, and holds how
// many seconds to wait before asking again. The page says that it is settled by leaving
// the element out.
async function refresh(wait) {
  await new Promise((done) => setTimeout(done, wait));
  if (document.hidden) {
    await new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));
  }
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, credentials: "same-origin" });
    if (answer.ok && !answer.redirected) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("main");
      const main = document.querySelector("main");
      if (fresh && main && fresh.innerHTML !== main.innerHTML) {
        main.replaceChildren(...fresh.childNodes);
        document.title = page.title;
        prepare(main);
      }
    }
  } catch {
    // No network for the moment: the next round asks again.
  }
  return watch(wait);
}

function watch(former) {
  const asks = document.querySelector("[data-refresh-while]");
  if (!asks) return;
  const seconds = Number(asks.dataset.refreshWhile) || 2;
  return refresh(Math.min(slowest, former ? former * 1.3 : seconds * 1000));
}

// data-submit-once: a form that must not be sent twice. The server holds the same rule;
// this spares the person the doubt.
function submitOnce(form) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    // After the submit, so that the pressed button's own value is still sent.
    setTimeout(() => form.querySelectorAll("button").forEach((b) => (b.disabled = true)));
  });
}

// Coming back by the back button finds the form ready again.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("[data-submit-once]")) {
    delete form.dataset.sent;
    form.querySelectorAll("button").forEach((b) => (b.disabled = false));
  }
});

function prepare(root) {
  root.querySelectorAll("[data-submit-once]").forEach(submitOnce);
}

prepare(document);
document.querySelector("[data-focus]")?.focus();
watch();
