// What a room has shown so far: its messages by number, each once, and the gaps between them. Knows nothing of sockets and of the page.

export class Timeline {
  constructor() { this.reset() }

  reset() {
    // The number up to which everything has been seen; null before the first join.
    this.lastSeq = null
    this.entries = []
    this.complete = false
  }

  // What to tell the server when joining: nothing at first, then from where to go on.
  joinParams() {
    return this.lastSeq === null ? {} : {last_seq: this.lastSeq}
  }

  // `seq` is the room's last number. True where the history has to be read, at the first join or when the room was begun anew.
  joined(seq) {
    const anew = this.lastSeq !== null && seq < this.lastSeq
    if (anew) this.reset()
    const first = this.lastSeq === null
    if (first) {
      this.lastSeq = seq
      this.complete = seq === 0
    }
    return first
  }

  // True where the message is new.
  receive(message) {
    if (this.lastSeq === null || message.seq > this.lastSeq) this.lastSeq = message.seq
    return this.insert({kind: "message", from: message.seq, to: message.seq, message})
  }

  gap(from, to) {
    if (this.lastSeq === null || to > this.lastSeq) this.lastSeq = to
    return this.insert({kind: "gap", from, to})
  }

  // Older messages, of which as many as `limit` were asked for.
  prepend(messages, limit) {
    const before = this.oldest()
    for (const message of messages) {
      this.insert({kind: "message", from: message.seq, to: message.seq, message})
    }
    const oldest = this.oldest()
    this.complete = messages.length < limit || oldest === 1
    return before === null ? messages.length : messages.filter(({seq}) => seq < before).length
  }

  // The number before which the history goes on, or null where nothing is there yet.
  oldest() {
    return this.entries.length === 0 ? null : this.entries[0].from
  }

  has(seq) {
    const at = this.place(seq)
    return at < this.entries.length && this.entries[at].from <= seq
  }

  // Forgets the oldest, so that a page that is open for days does not grow. They can be read again.
  trim(most) {
    if (this.entries.length <= most) return false
    this.entries.splice(0, this.entries.length - most)
    this.complete = false
    return true
  }

  insert(entry) {
    const at = this.place(entry.from)
    if (at < this.entries.length && this.entries[at].from <= entry.to) return false
    this.entries.splice(at, 0, entry)
    return true
  }

  // Where the first entry is that ends at `seq` or later; mostly that is the end.
  place(seq) {
    let low = 0
    let high = this.entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.entries[middle].to < seq) low = middle + 1
      else high = middle
    }
    return low
  }
}
