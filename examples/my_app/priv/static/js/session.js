// Who somebody is, and the one connection that everything goes over.

import {Socket} from "../vendor/phoenix.js"

const LONGEST_DELAY_MS = 10_000

// How long to wait before the given try: what the server has advised at first, and ever longer, a little by chance, while it is away.
export function delayMs(advisedMs, tries, chance = Math.random()) {
  if (tries <= 1) return advisedMs
  const longer = Math.min(advisedMs * 2 ** (tries - 1), LONGEST_DELAY_MS)
  return Math.round(longer * (0.75 + chance / 2))
}

export async function fetchToken(userId) {
  const response = await fetch(`/token?user_id=${encodeURIComponent(userId)}`)
  const body = await response.json().catch(() => ({}))
  if (!response.ok) throw new Error(body.message ?? `The server answered ${response.status}.`)
  return body.token
}

export class Session extends EventTarget {
  constructor(userId, token) {
    super()
    this.userId = userId
    this.token = token
    this.advisedMs = 1_000
    this.state = "connecting"
    this.nextTryAt = null
    this.socket = new Socket("/chat", {
      authToken: () => this.token,
      reconnectAfterMs: tries => this.wait(tries),
      rejoinAfterMs: tries => delayMs(this.advisedMs, tries),
      heartbeatIntervalMs: 30_000,
      timeout: 10_000,
    })
    this.socket.onOpen(() => this.become("on"))
    this.socket.onClose(() => this.become("lost"))
    this.socket.onError(() => this.refused())
    this.socket.connect()
  }

  // What a reply to a join says of coming back.
  advised({reconnect_after_ms: ms}) {
    if (Number.isFinite(ms) && ms >= 0) this.advisedMs = ms
  }

  get connected() { return this.socket.isConnected() }

  wait(tries) {
    const ms = delayMs(this.advisedMs, tries)
    this.nextTryAt = Date.now() + ms
    return ms
  }

  // The token may be too old by now, which a browser does not tell from a server that is away.
  refused() {
    if (this.state === "on") return
    fetchToken(this.userId).then(token => { this.token = token }, () => {})
  }

  become(state) {
    if (this.state === state) return
    this.state = state
    this.dispatchEvent(new Event("state"))
  }
}
