// The right side: work on demand, and what this page and the node feel of it.

import {$, arrange, element} from "./dom.js"
import {count, duration} from "./format.js"
import {Chart} from "./chart.js"
import {Waits} from "./latency.js"
import {Pinger} from "./pinger.js"

const SPAN_MS = 60_000
const DRAW_MS = 250
const CALM_DRAW_MS = 1_000
const ALTERNATIVE_MS = 10_000
const PING_TIMEOUT_MS = 120_000

const MODES = {elixir: "pure Elixir", yielding: "yielding", dirty: "dirty", plain: "plain NIF"}

const SHORT = {elixir: "Elixir", yielding: "yielding", dirty: "dirty", plain: "plain"}

export class Panel {
  constructor({session}) {
    this.session = session
    this.page = new Waits(SPAN_MS)
    this.node = new Waits(SPAN_MS)
    this.work = []
    this.shownWork = null
    this.rate = null
    this.chart = new Chart($("chart"), SPAN_MS)
    this.alternativeAt = -Infinity
    this.connect()
    this.controls()
    const calm = matchMedia("(prefers-reduced-motion: reduce)")
    const draw = () => {
      this.draw()
      setTimeout(draw, calm.matches ? CALM_DRAW_MS : DRAW_MS)
    }
    draw()
  }

  connect() {
    this.channel = this.session.socket.channel("room:panel", {})
    this.pinger = new Pinger({
      ask: answered => this.ping(answered),
      heard: (at, ms) => this.page.add(at, ms),
    })
    this.channel.on("stats", ({payload}) => this.measured(payload))
    this.channel.onError(() => this.pinger.stop())
    this.channel.join().receive("ok", reply => {
      this.session.advised(reply)
      this.ask("work_status", {})
      this.measure()
    })
    // A page that nobody sees is woken up about once a second: that would be measured, and not the node.
    document.addEventListener("visibilitychange", () => this.measure())
  }

  get joined() { return this.channel.state === "joined" && this.session.connected }

  measure() {
    if (document.hidden || !this.joined) this.pinger.stop()
    else this.pinger.start()
  }

  ping(answered) {
    if (!this.joined) return false
    this.channel.push("ping", {}, PING_TIMEOUT_MS).receive("ok", answered)
  }

  controls() {
    for (const button of $("modes").children) {
      button.addEventListener("click", () => this.start(button.dataset.mode))
    }
    $("stop-work").addEventListener("click", () => this.ask("stop_work", {}))
    $("confirm-plain").addEventListener("close", event => {
      if (event.target.returnValue === "run") this.ask("work", {mode: "plain", callers: 3})
      event.target.returnValue = ""
    })
  }

  start(mode) {
    const callers = Math.min(Math.max(Math.round($("callers").valueAsNumber) || 1, 1), 16)
    $("callers").value = callers
    if (mode === "plain") $("confirm-plain").showModal()
    else this.ask("work", {mode, callers})
  }

  ask(event, payload) {
    if (!this.joined) return this.complain("There is no connection.")
    this.channel.push(event, payload)
      .receive("ok", status => {
        this.complaint = null
        this.running(status)
      })
      .receive("error", ({message, reason}) => this.complain(message ?? reason))
      .receive("timeout", () => this.complain("No answer came."))
  }

  complain(text) {
    this.complaint = {text, until: Date.now() + 6_000}
    this.tellWork()
  }

  measured(stats) {
    const now = performance.now()
    const ms = us => us / 1_000
    const {probe, work} = stats
    if (probe.answers > 0) {
      const buckets = probe.histogram.map(([upTo, times]) => [ms(upTo), times])
      this.node.addMany(now, buckets, {p50: ms(probe.p50_us), p99: ms(probe.p99_us), max: ms(probe.max_us)})
      this.node.slots.at(-1).spanMs = stats.interval_ms
    }
    this.running(work, stats.interval_ms)
    this.gauges(stats)
  }

  // What runs by now, told by an answer or by the node.
  running(status, intervalMs) {
    const now = performance.now()
    const last = this.work.at(-1)
    const label = status.mode ? `${MODES[status.mode]} ×${status.callers}` : null
    if (last && !last.to && last.label !== label) last.to = now
    if (label && (!last || last.to)) {
      this.work.push({from: now, to: null, label, short: SHORT[status.mode]})
      this.rate = null
    }
    if (intervalMs && this.status?.mode === status.mode && status.calls >= this.status.calls) {
      const rate = (status.calls - this.status.calls) / intervalMs * 1_000
      this.rate = this.rate === null ? rate : 0.8 * this.rate + 0.2 * rate
    }
    if (intervalMs || !this.status || this.status.mode !== status.mode) this.status = status
    this.work = this.work.filter(({to}) => !to || to > now - SPAN_MS)
    this.tellWork()
  }

  // The sentence is read out when the work changes, not each time its figures do.
  tellWork() {
    const {status} = this
    for (const button of $("modes").children) {
      button.setAttribute("aria-pressed", String(button.dataset.mode === status?.mode))
    }
    $("stop-work").disabled = !status?.mode
    const line = $("work-status")
    const complaining = this.complaint && Date.now() < this.complaint.until
    line.classList.toggle("failed", Boolean(complaining))
    const key = complaining ? this.complaint.text : `${status?.mode} ${status?.callers} ${status?.by}`
    if (key !== this.shownWork) {
      this.shownWork = key
      this.workFigures = element("span", {"aria-live": "off", "aria-hidden": "true"})
      line.replaceChildren(complaining ? this.complaint.text : sentence(status), this.workFigures)
    }
    if (status?.mode && !complaining) {
      const rate = this.rate === null ? "" : `${Math.round(this.rate)} calls/s, `
      this.workFigures.textContent = `${rate}ends in ${Math.ceil(status.left_ms / 1_000)} s`
    }
  }

  gauges(stats) {
    const busy = [
      ...stats.schedulers.map((share, index) => [`Scheduler ${index + 1}`, share]),
      ...stats.dirty_cpu.map((share, index) => [`Dirty CPU ${index + 1}`, share]),
    ]
    this.bars($("busy"), busy.map(([name, share]) => ({name, share, value: `${Math.round(100 * share)} %`})))
    const queues = [
      ...stats.run_queues.normal.map((length, index) => [`Scheduler ${index + 1}`, length]),
      ["Dirty CPU", stats.run_queues.dirty_cpu],
    ]
    const most = Math.max(8, ...queues.map(([, length]) => length))
    this.bars($("queues"), queues.map(([name, length]) => ({name, share: length / most, value: String(length)})))
  }

  bars(list, rows) {
    if (list.children.length !== rows.length) {
      arrange(list, rows.map(() => element("li", {},
        element("span"), element("span", {class: "value"}),
        element("span", {class: "track", "aria-hidden": "true"}, element("span", {class: "fill"})))))
    }
    rows.forEach(({name, share, value}, index) => {
      const [label, text, track] = list.children[index].children
      label.textContent = name
      text.textContent = value
      track.firstChild.style.transform = `scaleX(${share})`
    })
  }

  draw() {
    const now = performance.now()
    if (this.complaint && Date.now() >= this.complaint.until) {
      this.complaint = null
      this.tellWork()
    }
    const page = this.page.summary(now)
    const node = this.node.summary(now)
    figures("page", page)
    figures("node", node)
    this.chart.draw(now, this.page.points(now), this.node.points(now), this.work, this.pinger.waitingMs())
    if (now - this.alternativeAt > ALTERNATIVE_MS && page.count + node.count > 0) {
      this.alternativeAt = now
      $("chart").setAttribute("aria-label", `Waits in the last minute. ${inWords("This page's round trip", page)} ${inWords("The node's probe", node)}`)
    }
  }
}

function sentence(status) {
  if (!status?.mode) return "No work is running."
  const by = status.by ? `, started by ${status.by}` : ""
  return `${count(status.callers, "caller", "callers")}, ${MODES[status.mode]}${by}`
}

function figures(series, summary) {
  for (const name of ["p50", "p99", "max"]) {
    const cell = document.querySelector(`[data-series="${series}"] [data-figure="${name}"]`)
    const text = duration(summary[name])
    if (cell.textContent !== text) cell.textContent = text
  }
}

function inWords(name, {count: answers, p50, p99, max}) {
  if (answers === 0) return `${name}: no figures.`
  return `${name}: half within ${duration(p50)}, 99 of 100 within ${duration(p99)}, the longest ${duration(max)}.`
}
