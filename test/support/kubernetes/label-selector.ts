export type Labels = Readonly<Record<string, string>>;

/** `a=b,c!=d,e in (f,g),h,!i`, as the API server reads it. */
export function labelSelector(text: string): (labels: Labels) => boolean {
  const terms = text
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter((term) => term !== '')
    .map(parseTerm);
  return (labels) => terms.every((holds) => holds(labels));
}

function parseTerm(term: string): (labels: Labels) => boolean {
  const [, listed = '', not, values = ''] = /^(\S+)\s+(not)?\s*in\s*\((.*)\)$/.exec(term) ?? [];
  if (listed !== '') {
    const allowed = values.split(',').map((value) => value.trim());
    return (labels) =>
      (labels[listed] !== undefined && allowed.includes(labels[listed])) === (not === undefined);
  }
  const [, key = '', operator, value] = /^([^=!\s]+)\s*(==?|!=)\s*(.*)$/.exec(term) ?? [];
  if (operator !== undefined) return (labels) => (labels[key] === value) === (operator !== '!=');
  return term.startsWith('!') ? (labels) => !(term.slice(1) in labels) : (labels) => term in labels;
}
