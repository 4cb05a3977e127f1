// Numbers, times and names as people read them.

export function duration(ms) {
  if (ms === null || ms === undefined) return "–"
  if (ms < 1) return `${ms.toFixed(2)} ms`
  if (ms < 10) return `${ms.toFixed(1)} ms`
  if (ms < 1000) return `${Math.round(ms)} ms`
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`
}

const clock = new Intl.DateTimeFormat(undefined, {hour: "2-digit", minute: "2-digit"})
const date = new Intl.DateTimeFormat(undefined, {weekday: "long", day: "numeric", month: "long"})

export const time = ms => clock.format(ms)
export const day = ms => date.format(ms)

export function bytes(count) {
  if (count < 1000) return `${count} bytes`
  if (count < 1_000_000) return `${Math.round(count / 1000)} kB`
  return `${(count / 1_000_000).toFixed(1)} MB`
}

// "ada", "ada and bob", "ada, bob and 3 others"
export function names(list) {
  if (list.length < 2) return list.join("")
  if (list.length === 2) return list.join(" and ")
  if (list.length === 3) return `${list[0]}, ${list[1]} and ${list[2]}`
  return `${list[0]}, ${list[1]} and ${list.length - 2} others`
}

export function count(number, one, many) {
  return `${number} ${number === 1 ? one : many}`
}
