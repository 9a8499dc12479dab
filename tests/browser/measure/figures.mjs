// Figures, and what is made of many values.

/** The least value that so many percent of them do not exceed. */
export function percentile(values, percent) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil((sorted.length * percent) / 100)) - 1] ?? Number.NaN;
}

export const median = (values) => percentile(values, 50);

export const sum = (values) => values.reduce((total, value) => total + value, 0);

/** A figure that is told, and where there is one, its aim: not more than this. */
export function figure(name, value, unit, aim) {
  // A number that JSON cannot hold would be read as none at all.
  if (!Number.isFinite(value)) throw new Error(`${name} was not measured`);
  return { name, value: Number(value.toFixed(3)), unit, ...(aim === undefined ? {} : { aim }) };
}
