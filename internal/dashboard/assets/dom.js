// Elements whose texts are texts: nothing that comes from outside is ever read as markup.
export function element(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value != null) e.setAttribute(key, value);
  e.append(...children.filter((c) => c != null));
  return e;
}

export function link(href, text) {
  return element("a", { href, target: "_blank", rel: "noopener noreferrer" }, text);
}

export const badge = (state) => element("span", { class: "badge " + state }, state);
