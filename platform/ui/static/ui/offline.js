/* A page that is read without network: how old it is, and the way back once there is one. */

const SECONDS = 10;
const age = document.querySelector("[data-as-of]");
const back = document.querySelector("[data-back-online]");

function showAge() {
  const minutes = Math.round((Date.now() - Date.parse(age.dataset.asOf)) / 60000);
  age.textContent = minutes < 1 ? "just now" : minutes < 60 ? `${minutes} min ago` : `${Math.floor(minutes / 60)} h ${minutes % 60} min ago`;
}

async function knock() {
  try {
    const answer = await fetch("/healthz", { cache: "no-store" });
    if (answer.ok) back.hidden = false;
  } catch {
    back.hidden = true;
  }
}

if (age) { showAge(); setInterval(showAge, 30000); }
if (back) { knock(); setInterval(knock, SECONDS * 1000); window.addEventListener("online", knock); }
