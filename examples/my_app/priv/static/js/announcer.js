// What a screen reader hears: one message as it is, several that come together as their number, and never more than one sentence in a while.

const PAUSE_MS = 2_500

export class Announcer {
  constructor(element) {
    this.element = element
    this.messages = []
    this.timer = null
  }

  message(author, text, roomId) {
    this.messages.push({author, text, roomId})
    this.timer ??= setTimeout(() => this.flush(), this.element.textContent === "" ? 200 : PAUSE_MS)
  }

  say(sentence) { this.element.textContent = sentence }

  flush() {
    this.timer = null
    const messages = this.messages.splice(0)
    const [{author, text, roomId}] = messages
    if (messages.length === 1) this.say(`${author}: ${text.slice(0, 200)}`)
    else this.say(`${messages.length} new messages in ${roomId}`)
    setTimeout(() => { if (this.messages.length === 0) this.say("") }, PAUSE_MS)
  }
}
