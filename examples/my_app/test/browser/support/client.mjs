// The official client under Node, with what tests wait for.

import {createRequire} from "node:module"
import {Presence, Socket} from "../../../priv/static/vendor/phoenix.js"

const transport = globalThis.WebSocket ?? createRequire(import.meta.url)("ws")

export async function token(server, userId) {
  const response = await fetch(`${server.url}/token?user_id=${encodeURIComponent(userId)}`)
  return (await response.json()).token
}

export async function connect(server, userId, options = {}) {
  const authToken = options.token ?? await token(server, userId)
  const socket = new Socket(`${server.url.replace("http", "ws")}/chat`, {
    transport,
    authToken,
    reconnectAfterMs: () => 50,
    rejoinAfterMs: () => 50,
    ...options,
  })
  socket.connect()
  return socket
}

// A channel with everything that it has heard, and what its joins were answered.
export function channel(socket, roomId, params = {}) {
  const made = socket.channel(`room:${roomId}`, params)
  Object.assign(made, {messages: [], joins: [], errors: [], events: []})
  made.on("message", message => made.messages.push(message))
  made.onError(reason => made.errors.push(reason))
  for (const event of ["typing", "gap", "stats"]) made.on(event, payload => made.events.push([event, payload]))
  made.presence = new Presence(made)
  made.people = () => made.presence.list(userId => userId).sort()
  return made
}

export async function join(socket, roomId, params = {}) {
  const made = channel(socket, roomId, params)
  made.joinReply = await answered(made.join().receive("ok", reply => made.joins.push(reply)))
  return made
}

export class Refused extends Error {
  constructor(response) {
    super(`${response.reason}: ${response.message}`)
    this.reason = response.reason
  }
}

// What a push is answered; an error raises.
export function answered(push) {
  return new Promise((resolve, reject) => {
    push.receive("ok", resolve)
      .receive("error", response => reject(new Refused(response)))
      .receive("timeout", () => reject(new Error(`no answer to ${push.event}`)))
  })
}

export const push = (channel, event, payload = {}) => answered(channel.push(event, payload))

export const say = (channel, text, id) => push(channel, "message", {payload: {text}, id})

export const texts = ({messages}) => messages.map(({payload}) => payload.text)

// Waits until it is true, and fails by saying what was not.
export async function until(what, condition, ms = 30_000) {
  const end = Date.now() + ms
  for (;;) {
    const result = await condition()
    if (result) return result
    if (Date.now() > end) throw new Error(`in vain: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
