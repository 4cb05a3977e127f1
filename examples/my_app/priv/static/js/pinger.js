// Asks at a fixed pace, whether or not the last answer has come, and counts each from the moment at which it was to be asked. So a page
// or a node that stands still for a second has kept five questions waiting, not one.

export class Pinger {
  // `ask(answered)` sends a question, or returns false where there is nobody to ask. `heard(at, ms)` is told of each answer.
  constructor({ask, heard, everyMs = 200, now = () => performance.now(), later = (call, ms) => setTimeout(call, ms), never = timer => clearTimeout(timer)}) {
    Object.assign(this, {ask, heard, everyMs, now, later, never})
    this.timer = null
    this.generation = 0
    this.open = new Set()
  }

  get running() { return this.timer !== null }

  start() {
    if (this.running) return
    this.generation++
    this.next = this.now() + this.everyMs
    this.wait()
  }

  // What is still open then, nobody counts.
  stop() {
    this.never(this.timer)
    this.timer = null
    this.generation++
    this.open.clear()
  }

  // For how long the oldest open question has been waiting.
  waitingMs() {
    const [oldest] = this.open
    return oldest === undefined ? 0 : this.now() - oldest
  }

  wait() {
    this.timer = this.later(() => this.tick(), Math.max(this.next - this.now(), 0))
  }

  tick() {
    const {generation} = this
    for (const now = this.now(); this.next <= now; this.next += this.everyMs) {
      const intended = this.next
      const answered = () => {
        if (generation !== this.generation || !this.open.delete(intended)) return
        this.heard(this.now(), this.now() - intended)
      }
      this.open.add(intended)
      if (this.ask(answered) === false) this.open.delete(intended)
    }
    this.wait()
  }
}
