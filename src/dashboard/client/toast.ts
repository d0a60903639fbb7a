/** A word in the corner that goes away by itself; readers of the screen hear it too. */
const SHOWN_MS = 2500

export function toast(text: string): void {
  const place = document.querySelector('.toasts') ?? makePlace()
  const note = document.createElement('div')
  note.className = 'toast'
  note.textContent = text
  place.append(note)
  setTimeout(() => note.remove(), SHOWN_MS)
}

function makePlace(): Element {
  const place = document.createElement('div')
  place.className = 'toasts'
  place.role = 'status'
  document.body.append(place)
  return place
}
