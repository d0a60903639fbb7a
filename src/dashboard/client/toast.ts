/** A word in the corner that goes away by itself; readers of the screen hear it too. */
const SHOWN_MS = 2500

export function toast(text: string): void {
  const note = document.createElement('div')
  note.className = 'toast'
  note.textContent = text
  document.querySelector('.toasts')?.append(note)
  setTimeout(() => note.remove(), SHOWN_MS)
}
