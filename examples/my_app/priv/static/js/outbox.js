// What was written and is not in the room yet. A text is sent again with the id it was sent with the first time, so that it is stored once,
// however often that takes.

export const newId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(12)), byte => byte.toString(16).padStart(2, "0")).join("")

// After how long to go on where the room could not take something just now.
const PAUSE_MS = 500

// Nothing was stored, and will be soon: there was too much at once, or the room has just crashed.
const SOON = new Set(["rate_limited", "not_a_member", "unavailable"])

export class Outbox {
  // `deliver(item, {stored, refused})` sends one and calls one of the two, with the number or the error. `changed()` is told of every change,
  // `gone(item)` of each item that is here no longer.
  constructor({deliver, changed, gone = () => {}, later = call => setTimeout(call, PAUSE_MS)}) {
    Object.assign(this, {deliver, changed, gone, later})
    this.pausing = false
    this.items = []
    this.open = false
  }

  add(item) {
    this.items.push({id: newId(), state: "waiting", error: null, attempt: 0, ...item})
    this.pump()
    this.changed()
  }

  retry(id) {
    const item = this.items.find(item => item.id === id)
    if (!item || item.state !== "failed") return
    item.state = "waiting"
    item.error = null
    this.pump()
    this.changed()
  }

  discard(id) {
    this.remove(item => item.id === id)
  }

  // The room is there again: what was under way when it went may have been stored or not.
  opened() {
    this.open = true
    for (const item of this.items) {
      if (item.kind === "text" && (item.state === "sending" || item.uncertain)) item.state = "waiting"
    }
    this.pump()
    this.changed()
  }

  // A picture has no id of ours by which it would be known again, so its sender decides.
  closed() {
    this.open = false
    for (const item of this.items) {
      if (item.kind === "picture" && item.state === "sending") {
        this.fail(item, {message: "the connection was lost meanwhile; the picture may have arrived"})
      }
    }
    this.changed()
  }

  // A message of the room, which may be one of these.
  arrived(message) {
    this.remove(item => item.id === message.id || item.seq === message.seq)
  }

  remove(matches) {
    const index = this.items.findIndex(matches)
    if (index === -1) return
    const [item] = this.items.splice(index, 1)
    this.gone(item)
    this.pump()
    this.changed()
  }

  // One at a time, as they are to arrive in the order in which they were written.
  pump() {
    if (!this.open || this.pausing || this.items.some(item => item.state === "sending")) return
    const item = this.items.find(item => item.state === "waiting")
    if (!item) return
    const attempt = ++item.attempt
    const current = () => item.attempt === attempt && item.state === "sending" && this.items.includes(item)
    item.state = "sending"
    item.uncertain = false
    this.deliver(item, {
      stored: seq => {
        if (!current()) return
        item.state = "stored"
        item.seq = seq
        this.pump()
        this.changed()
      },
      refused: error => {
        if (!current()) return
        if (SOON.has(error.reason)) this.pause(item)
        else this.fail(item, error)
        this.pump()
        this.changed()
      },
    })
  }

  pause(item) {
    item.state = "waiting"
    this.pausing = true
    this.later(() => {
      this.pausing = false
      this.pump()
      this.changed()
    })
  }

  fail(item, error) {
    item.state = "failed"
    item.error = error.message ?? error.reason ?? "no reason was given"
    item.uncertain = ["unanswered", "unconfirmed"].includes(error.reason)
  }
}
