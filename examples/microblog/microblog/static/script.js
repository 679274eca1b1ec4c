"use strict";

const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";

for (const time of document.querySelectorAll("time")) {
  const moment = new Date(time.dateTime);
  time.textContent = moment.toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
}

const body = document.querySelector(".compose textarea");
if (body) {
  const counter = document.querySelector(".counter");
  const count = () => (counter.textContent = `${body.value.length} / ${body.maxLength}`);
  body.addEventListener("input", count);
  count();
}

for (const button of document.querySelectorAll("button.translate")) {
  button.addEventListener("click", async () => {
    button.disabled = true;
    const paragraph = document.createElement("p");
    paragraph.className = "body";
    try {
      const answer = await fetch(button.dataset.url, { method: "POST", headers: { "X-CSRFToken": token } });
      const document = await answer.json();
      paragraph.textContent = document.text ?? document.error;
    } catch {
      button.disabled = false;
      return;
    }
    button.closest(".post").querySelector(".body").after(paragraph);
  });
}

async function watch(card) {
  while (["waiting", "running", "unknown"].includes(card.dataset.state)) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    try {
      const answer = await fetch(card.dataset.url);
      if (!answer.ok) continue;
      const now = await answer.json();
      card.dataset.state = now.state;
      card.querySelector("progress").max = now.total || 1;
      card.querySelector("progress").value = now.done;
      card.querySelector('[data-show="running"] .count').textContent = `${now.done} / ${now.total}`;
      card.querySelector('[data-show="finished"] .count').textContent = now.total;
    } catch {
      // A release or a restart may be under way: the next question may be answered.
    }
  }
}

for (const card of document.querySelectorAll(".export")) watch(card);
