// Elements without ceremony. Whatever comes from others is set as text, never as HTML.

export const $ = id => document.getElementById(id)

export function element(tag, {class: className, text, on = {}, ...attributes} = {}, ...children) {
  const made = document.createElement(tag)
  if (className) made.className = className
  if (text !== undefined) made.textContent = text
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "")
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value)
  }
  for (const [event, handler] of Object.entries(on)) made.addEventListener(event, handler)
  made.append(...children.filter(child => child !== null))
  return made
}

// Has `parent` hold just these, in their order, touching only what differs: focus and selection stay where they are.
export function arrange(parent, children) {
  let at = parent.firstChild
  for (const child of children) {
    if (child === at) at = at.nextSibling
    else parent.insertBefore(child, at)
  }
  while (at) {
    const next = at.nextSibling
    at.remove()
    at = next
  }
}

// At most once a frame, however often it is asked for; also where the page is hidden and has no frames.
export function debounced(render) {
  let asked = false
  return () => {
    if (asked) return
    asked = true
    queueMicrotask(() => {
      asked = false
      render()
    })
  }
}
