// The least that shows so many messages: one box that scrolls over a spacer, and some rows that are
// used again. It loads nothing, measures nothing and knows nothing but text.

import { own, text } from "./words.js";

/** Height of a row, about, in px; the rows that are drawn flow from where the first one stands. */
const HEIGHT = 52;
const ROWS = 60;

const total = Number(new URLSearchParams(location.search).get("messages"));
const texts = Array.from({ length: total }, (_, number) => text(number));
const scroller = document.querySelector("main");
const spacer = document.querySelector("div");
const block = document.querySelector("section");
spacer.style.height = `${total * HEIGHT}px`;

const rows = Array.from({ length: ROWS }, () => {
  const row = document.createElement("article");
  row.className = "row";
  row.innerHTML = "<i></i><div><b></b> <time></time><p></p></div>";
  const [picture, name, time, content] = ["i", "b", "time", "p"].map((tag) => row.querySelector(tag));
  block.append(row);
  return { row, picture, name, time, content };
});

function draw() {
  const first = Math.max(0, Math.min(total - ROWS, Math.floor(scroller.scrollTop / HEIGHT) - 20));
  block.style.transform = `translateY(${first * HEIGHT}px)`;
  for (let number = first; number < first + ROWS; number += 1) {
    const { row, picture, name, time, content } = rows[number % ROWS];
    if (row.dataset.number === String(number)) continue;
    row.dataset.number = number;
    picture.textContent = own(number) ? "A" : "B";
    name.textContent = own(number) ? "Alice" : "Bob";
    time.textContent = `${Math.floor(number / 3) % 24}:${String(number % 60).padStart(2, "0")}`;
    content.textContent = texts[number];
  }
  // In their order: what is used again moves to the other end.
  for (let number = first; number < first + ROWS; number += 1) {
    const { row } = rows[number % ROWS];
    if (block.children[number - first] !== row) block.insertBefore(row, block.children[number - first]);
  }
}

scroller.addEventListener("scroll", draw);
scroller.scrollTop = total * HEIGHT;
draw();
