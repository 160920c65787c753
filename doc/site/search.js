// SPDX-License-Identifier: LGPL-2.1-or-later
// The sections that have every word of what is searched for; those that have them in their titles come first.
"use strict";

const form = document.getElementById("search");
const input = form.querySelector("input");
const list = form.querySelector("ol");

// how well a section fits: 0 not at all
function rank(words, page, title, text) {
    const heading = (page + " " + title).toLowerCase();
    const all = heading + " " + text.toLowerCase();

    if (!words.every(word => all.includes(word)))
        return 0;
    return 1 + words.filter(word => heading.includes(word)).length;
}

function around(text, word) {
    const begin = Math.max(0, text.toLowerCase().indexOf(word) - 40);

    return (begin ? "…" : "") + text.slice(begin, begin + 120) + "…";
}

function item([url, page, title, text], words) {
    const li = document.createElement("li");
    const link = document.createElement("a");
    const place = document.createElement("small");

    link.href = url;
    link.textContent = title === page ? page : page + ": " + title;
    place.textContent = around(text, words[0]);
    li.append(link, place);
    return li;
}

function search() {
    const words = input.value.toLowerCase().split(/\s+/).filter(word => word);
    const found = sections.map(section => [rank(words, ...section.slice(1)), section])
        .filter(([fits]) => words.length && fits)
        .sort((a, b) => b[0] - a[0])
        .slice(0, 20);

    list.replaceChildren(...found.map(([, section]) => item(section, words)));
    if (words.length && !found.length)
        list.textContent = "Nothing found.";
}

form.hidden = false;
form.addEventListener("submit", event => {
    event.preventDefault();
    list.querySelector("a")?.click();
});
input.addEventListener("input", search);
list.addEventListener("click", event => {
    if (event.target.tagName === "A")
        list.replaceChildren();
});
document.addEventListener("keydown", event => {
    if (event.key === "/" && document.activeElement !== input) {
        event.preventDefault();
        input.focus();
    } else if (event.key === "Escape") {
        input.value = "";
        search();
        input.blur();
    }
});
