/** The button that pauses updates, so that a page can be read. */
type Listener = (isPaused: boolean) => void

const listeners: Listener[] = []
let isPausedNow = false

/** Calls the listener when the reader pauses, and when the page is hidden or left and shown again. */
export function onPause(listener: Listener): void {
  listeners.push(listener)
}

export function pauses(): void {
  const buttons = document.querySelectorAll<HTMLButtonElement>('[data-pause]')
  for (const button of buttons) {
    button.hidden = false
    button.addEventListener('click', () => {
      isPausedNow = !isPausedNow
      for (const each of buttons) each.setAttribute('aria-pressed', String(isPausedNow))
      notify()
    })
  }
  document.addEventListener('visibilitychange', () => notify())
  addEventListener('pagehide', () => notify(true))
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) notify()
  })
}

function notify(isLeft = false): void {
  for (const listener of listeners) listener(isPausedNow || document.hidden || isLeft)
}
