// How long waits took within the last while: their percentiles, and the points of a chart. Knows nothing of the page.

export class Waits {
  constructor(spanMs = 60_000) {
    this.spanMs = spanMs
    this.slots = []
  }

  // One wait of `ms` that ended at `at`.
  add(at, ms) {
    this.slots.push({at, buckets: [[ms, 1]], p50: ms, p99: ms, max: ms})
  }

  // Many at once: `buckets` has how many waits took up to so many milliseconds.
  addMany(at, buckets, {p50, p99, max}) {
    this.slots.push({at, buckets, p50, p99, max})
  }

  // Those of the last while, the oldest first.
  points(now) {
    const first = this.slots.findIndex(slot => slot.at > now - this.spanMs)
    if (first === -1) this.slots = []
    else if (first > 0) this.slots.splice(0, first)
    return this.slots
  }

  summary(now) {
    const counts = new Map()
    let total = 0
    let max = null
    for (const slot of this.points(now)) {
      for (const [ms, count] of slot.buckets) {
        counts.set(ms, (counts.get(ms) ?? 0) + count)
        total += count
      }
      if (max === null || slot.max > max) max = slot.max
    }
    if (total === 0) return {count: 0, p50: null, p99: null, max: null}
    const sorted = [...counts].sort(([a], [b]) => a - b)
    const percentile = percent => {
      const wanted = Math.ceil(total * percent / 100)
      let sum = 0
      for (const [ms, count] of sorted) {
        sum += count
        if (sum >= wanted) return Math.min(ms, max)
      }
      return max
    }
    return {count: total, p50: percentile(50), p99: percentile(99), max}
  }
}
