// A picture in its full size, fetched when it is wanted and let go of when it is closed.

import {$} from "./dom.js"
import {bytes} from "./format.js"

export class Viewer {
  constructor(pictures) {
    this.pictures = pictures
    this.dialog = $("viewer")
    this.image = $("viewer-image")
    this.note = $("viewer-note")
    this.dialog.addEventListener("close", () => this.closed())
    this.dialog.addEventListener("click", event => { if (event.target === this.dialog) this.dialog.close() })
  }

  open(room, {user_id, payload}) {
    const wanted = (this.wanted = {})
    $("viewer-title").textContent = `${user_id}: ${payload.width} × ${payload.height}, ${bytes(payload.bytes)}`
    this.note.textContent = "Fetching the picture…"
    this.dialog.showModal()
    this.pictures.full(room, payload).then(
      url => {
        if (this.wanted !== wanted) return URL.revokeObjectURL(url)
        this.note.textContent = ""
        this.image.src = url
        this.image.alt = `Picture from ${user_id}`
        this.image.hidden = false
      },
      error => { if (this.wanted === wanted) this.note.textContent = `It could not be fetched: ${error.message}` })
  }

  closed() {
    this.wanted = null
    if (this.image.src) URL.revokeObjectURL(this.image.src)
    this.image.removeAttribute("src")
    this.image.hidden = true
  }
}
