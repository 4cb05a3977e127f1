// Thumbnails and pictures, fetched over the channel and shown from blobs, which are let go of when they are not shown any more.

const AT_ONCE = 4

// How often, and after how long each time, to ask again where it was too much at once.
const TRIES = 20
const PAUSE_MS = 500

export class Pictures {
  constructor() {
    this.thumbnails = new Map()
    this.waiting = []
    this.running = 0
  }

  // The address of a thumbnail, fetched once for as long as it is shown.
  thumbnail(room, id) {
    if (!this.thumbnails.has(id)) {
      const address = this.queue(() => patiently(() => room.fetchPicture(id, "thumbnail"))).then(data => addressOf(data, "image/webp"))
      this.thumbnails.set(id, address)
      address.catch(() => this.thumbnails.delete(id))
    }
    return this.thumbnails.get(id)
  }

  release(id) {
    const address = this.thumbnails.get(id)
    if (!address) return
    this.thumbnails.delete(id)
    address.then(url => URL.revokeObjectURL(url), () => {})
  }

  full(room, {id, content_type}) {
    return room.fetchPicture(id, "picture_full").then(data => addressOf(data, content_type))
  }

  // Many pictures come into sight at once when a room is opened; text is not to wait behind them all.
  queue(fetch) {
    return new Promise((resolve, reject) => {
      this.waiting.push(() => fetch().then(resolve, reject).finally(() => {
        this.running--
        this.next()
      }))
      this.next()
    })
  }

  next() {
    while (this.running < AT_ONCE && this.waiting.length > 0) {
      this.running++
      this.waiting.shift()()
    }
  }
}

async function patiently(fetch) {
  for (let tries = 1; ; tries++) {
    try {
      return await fetch()
    } catch (error) {
      if (tries === TRIES || !["rate_limited", "overloaded"].includes(error.reason)) throw error
      await new Promise(resolve => setTimeout(resolve, PAUSE_MS))
    }
  }
}

function addressOf(data, type) {
  return URL.createObjectURL(new Blob([data], {type}))
}
