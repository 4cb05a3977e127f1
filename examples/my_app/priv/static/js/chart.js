// The last 60 seconds on a logarithmic axis: each round trip of this page as a dot, the node's probe as a band from its median to its
// longest wait with its p99 as a line, and behind them the times in which work was running.

import {duration} from "./format.js"

const LOWEST_MS = 0.02
const HIGHEST_MS = 20_000
const DECADES = [0.1, 1, 10, 100, 1_000, 10_000]
const LEFT = 46
const BOTTOM = 18
const TOP = 8

export class Chart {
  constructor(canvas, spanMs = 60_000) {
    this.canvas = canvas
    this.spanMs = spanMs
    this.dark = matchMedia("(prefers-color-scheme: dark)")
    this.dark.addEventListener("change", () => { this.colours = null })
    new ResizeObserver(() => this.fit()).observe(canvas)
    this.fit()
  }

  fit() {
    const {canvas} = this
    const scale = devicePixelRatio || 1
    this.width = canvas.clientWidth
    this.height = canvas.clientHeight
    canvas.width = Math.round(this.width * scale)
    canvas.height = Math.round(this.height * scale)
    this.scale = scale
    if (this.last) this.draw(...this.last)
  }

  // `waitingMs` is for how long this page's oldest question is open: a standstill shows while it lasts.
  draw(now, page, node, work, waitingMs) {
    this.last = [now, page, node, work, waitingMs]
    if (this.width === 0) return
    this.colours ??= readColours(this.canvas)
    const context = this.canvas.getContext("2d")
    context.setTransform(this.scale, 0, 0, this.scale, 0, 0)
    context.clearRect(0, 0, this.width, this.height)
    const x = at => LEFT + (this.width - LEFT - 4) * (1 - (now - at) / this.spanMs)
    this.work(context, x, now, work)
    this.axes(context)
    this.labels(context, x, now, work)
    context.save()
    context.beginPath()
    context.rect(LEFT, 0, this.width - LEFT, this.height - BOTTOM)
    context.clip()
    this.node(context, x, node)
    this.page(context, x, now, page, waitingMs)
    context.restore()
  }

  y(ms) {
    const share = Math.log(Math.min(Math.max(ms, LOWEST_MS), HIGHEST_MS) / LOWEST_MS) / Math.log(HIGHEST_MS / LOWEST_MS)
    return TOP + (this.height - TOP - BOTTOM) * (1 - share)
  }

  axes(context) {
    const {colours} = this
    context.font = `11px ${colours.font}`
    context.textBaseline = "middle"
    context.textAlign = "right"
    context.lineWidth = 1
    for (const ms of DECADES) {
      const y = Math.round(this.y(ms)) + 0.5
      context.strokeStyle = colours.line
      context.beginPath()
      context.moveTo(LEFT, y)
      context.lineTo(this.width, y)
      context.stroke()
      context.fillStyle = colours.muted
      context.fillText(ms < 1 ? `${ms} ms` : duration(ms).replace(/\.0+ /, " "), LEFT - 7, y)
    }
    context.textBaseline = "alphabetic"
    context.textAlign = "left"
    context.fillText("60 s ago", LEFT, this.height - 4)
    context.textAlign = "right"
    context.fillText("now", this.width - 4, this.height - 4)
  }

  work(context, x, now, work) {
    const {colours} = this
    for (const {from, to} of work) {
      const left = Math.max(x(from), LEFT)
      const right = Math.min(x(to ?? now), this.width)
      if (right <= left) continue
      context.fillStyle = colours.soft
      context.fillRect(left, TOP, right - left, this.height - TOP - BOTTOM)
      context.fillStyle = colours.accent
      context.fillRect(left, TOP, 1, this.height - TOP - BOTTOM)
    }
  }

  // At the bottom, where no wait is so short; the shorter of the two where there is no place for the longer one.
  labels(context, x, now, work) {
    context.fillStyle = this.colours.muted
    context.textBaseline = "alphabetic"
    context.textAlign = "left"
    for (const {from, to, label, short} of work) {
      const left = Math.max(x(from), LEFT) + 4
      const right = Math.min(x(to ?? now), this.width)
      const text = [label, short].find(text => context.measureText(text).width < right - left)
      if (text) context.fillText(text, left, this.height - BOTTOM - 5)
    }
  }

  node(context, x, points) {
    const {colours} = this
    context.fillStyle = colours.nodeSoft
    context.strokeStyle = colours.node
    context.lineWidth = 1.5
    context.beginPath()
    points.forEach(({at, p50, max, spanMs}) => {
      const left = x(at - spanMs)
      context.rect(left, this.y(max), Math.max(x(at) - left, 1), Math.max(this.y(p50) - this.y(max), 1))
    })
    context.fill()
    context.beginPath()
    points.forEach(({at, p99, spanMs}, index) => {
      const before = points[index - 1]
      if (!before || at - spanMs - before.at > 1_500) context.moveTo(x(at - spanMs), this.y(p99))
      else context.lineTo(x(at - spanMs), this.y(p99))
      context.lineTo(x(at), this.y(p99))
    })
    context.stroke()
  }

  page(context, x, now, points, waitingMs) {
    const {colours} = this
    context.strokeStyle = colours.accent
    context.lineWidth = 1
    context.globalAlpha = 0.45
    context.beginPath()
    points.forEach(({at, max}, index) => {
      const before = points[index - 1]
      if (!before || at - before.at > 1_500) context.moveTo(x(at), this.y(max))
      else context.lineTo(x(at), this.y(max))
    })
    context.stroke()
    context.globalAlpha = 1
    context.fillStyle = colours.accent
    for (const {at, max} of points) dot(context, x(at), this.y(max), 1.6)
    if (waitingMs > 300) dot(context, x(now), this.y(waitingMs), 3.5)
  }
}

function dot(context, x, y, radius) {
  context.beginPath()
  context.arc(x, y, radius, 0, 2 * Math.PI)
  context.fill()
}

function readColours(canvas) {
  const style = getComputedStyle(canvas)
  const colour = name => style.getPropertyValue(`--${name}`).trim()
  return {
    accent: colour("accent"),
    soft: colour("accent-soft"),
    node: colour("node"),
    nodeSoft: colour("node-soft"),
    line: colour("line"),
    muted: colour("muted"),
    font: style.fontFamily,
  }
}
