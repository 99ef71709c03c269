/**
 * Makes an element. Text goes in as text and never as markup: names come from elsewhere.
 *
 * @param name with classes: `dd.value.wide`
 */
export function element(name: string, ...content: readonly (Node | string)[]): HTMLElement {
  const [tag = 'div', ...classes] = name.split('.');
  const made = document.createElement(tag);
  made.classList.add(...classes);
  made.append(...content);
  return made;
}

/** An element of the page as it was served. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no #${id}`);
  return found as T;
}

/** Changes a text if it is another: what stays is not painted again. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

export function setData(node: HTMLElement, name: string, value: string): void {
  if (node.dataset[name] !== value) node.dataset[name] = value;
}

/** Puts `item` first, and keeps no more than `most`. */
export function prepend(list: HTMLElement, item: HTMLElement, most: number): void {
  list.prepend(item);
  while (list.childElementCount > most) list.lastElementChild?.remove();
}
