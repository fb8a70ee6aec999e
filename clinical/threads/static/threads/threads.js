// Writing to the team: names after @, what belongs to a task, chosen files, Ctrl-Enter.
const names = [...document.querySelectorAll("[data-people] li")].map((item) => item.textContent.trim());
const LONGEST_TYPED = 40;

class Names {
  constructor(field) {
    this.field = field;
    this.list = document.createElement("ul");
    this.list.className = "th-names";
    this.list.id = `${field.id || "field"}-names`;
    this.list.hidden = true;
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "Colleagues");
    field.after(this.list);
    field.setAttribute("aria-controls", this.list.id);
    field.setAttribute("aria-autocomplete", "list");
    field.addEventListener("input", () => this.look());
    field.addEventListener("click", () => this.look());
    field.addEventListener("blur", () => this.close());
    field.addEventListener("keydown", (event) => this.press(event));
    this.list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const item = event.target.closest("li");
      if (item) this.take(item.dataset.name);
    });
  }

  // What is being typed after the last @ before the caret; null where nothing is.
  typed() {
    const before = this.field.value.slice(0, this.field.selectionStart);
    const start = before.lastIndexOf("@");
    if (start < 0 || before.length - start > LONGEST_TYPED) return null;
    if (start > 0 && /[\w.]/.test(before[start - 1])) return null;
    const word = before.slice(start + 1);
    return word.includes("\n") ? null : { start, word: word.toLowerCase() };
  }

  look() {
    const typed = this.typed();
    const found = typed === null ? [] : names.filter((name) => {
      const plain = name.toLowerCase();
      return plain !== typed.word && (plain.startsWith(typed.word) || plain.split(/\s+/).some((part) => part.startsWith(typed.word)));
    }).slice(0, 8);
    this.list.replaceChildren(...found.map((name, number) => {
      const item = document.createElement("li");
      item.textContent = name;
      item.dataset.name = name;
      item.id = `${this.list.id}-${number}`;
      item.setAttribute("role", "option");
      return item;
    }));
    this.list.hidden = found.length === 0;
    this.choose(0);
  }

  choose(number) {
    const items = [...this.list.children];
    this.at = items.length ? (number + items.length) % items.length : -1;
    items.forEach((item, index) => item.setAttribute("aria-selected", String(index === this.at)));
    if (items[this.at]) {
      this.field.setAttribute("aria-activedescendant", items[this.at].id);
      items[this.at].scrollIntoView({ block: "nearest" });
    } else {
      this.field.removeAttribute("aria-activedescendant");
    }
  }

  press(event) {
    if (this.list.hidden) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      this.choose(this.at + step);
    } else if ((event.key === "Enter" || event.key === "Tab") && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      this.take(this.list.children[this.at].dataset.name);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      this.close();
    }
  }

  take(name) {
    const typed = this.typed();
    if (typed) this.field.setRangeText(`@${name} `, typed.start, this.field.selectionStart, "end");
    this.close();
    this.field.focus();
  }

  close() {
    this.list.hidden = true;
    this.field.removeAttribute("aria-activedescendant");
  }
}

for (const field of document.querySelectorAll("textarea[data-mentions]")) {
  new Names(field);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      field.form.requestSubmit();
    }
  });
}

// What only some messages need stays away until it is asked for.
const showWhen = (box, part, wanted) => {
  if (!box || !part) return;
  const show = () => { part.hidden = box.checked !== wanted; };
  box.addEventListener("change", show);
  show();
};
showWhen(document.querySelector("[data-team]"), document.querySelector("[data-some]"), false);
showWhen(document.querySelector("[data-task]"), document.querySelector("[data-terms]"), true);

for (const input of document.querySelectorAll("[data-files]")) {
  const words = input.parentElement.querySelector("[data-chosen]");
  input.addEventListener("change", () => {
    const { files } = input;
    words.textContent = files.length === 0 ? "Add files" : files.length === 1 ? files[0].name : `${files.length} files`;
  });
}

/* A picture or a PDF, looked at in place. */
const preview = document.querySelector("#th-preview");
document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-preview]");
  if (!button || !preview) return;
  const { preview: url, previewKind: kind, previewName: name, previewSave: save } = button.dataset;
  const shown = document.createElement(kind === "pdf" ? "iframe" : "img");
  shown.src = url;
  if (kind === "pdf") shown.title = name;
  else shown.alt = name;
  // The link is good for minutes; a page that stood open longer gets fresh ones.
  shown.addEventListener("error", () => window.location.reload(), { once: true });
  preview.querySelector("#th-preview-title").textContent = name;
  preview.querySelector("[data-preview-download]").href = save;
  preview.querySelector("[data-preview-stage]").replaceChildren(shown);
  preview.showModal();
});
preview?.addEventListener("close", () => preview.querySelector("[data-preview-stage]").replaceChildren());
