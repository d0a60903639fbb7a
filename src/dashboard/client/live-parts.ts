/** Keeps parts of an open page as they are on the server. */
import type { PartUpdate } from '../live/updates.ts'
import { enhance } from './enhance.ts'
import type { LiveConnection } from './live-connection.ts'

/** How long an update waits before trying again while the reader is using the part. */
const WAIT_MS = 500

export function keepLivePartsFresh(connection: LiveConnection): void {
  for (const place of document.querySelectorAll<HTMLElement>('[data-view]')) {
    let next: string | undefined
    const show = () => {
      if (next === undefined) return
      if (isBusy(place)) return void setTimeout(show, WAIT_MS)
      replace(place, next)
      next = undefined
    }
    connection.add({
      view: () => place.dataset['view'] ?? '',
      update: (value) => {
        const isWaiting = next !== undefined
        next = (value as PartUpdate).html
        if (!isWaiting) show()
      },
    })
  }
}

/** Whether the reader has opened or is selecting something in the part, which must not vanish. */
function isBusy(place: HTMLElement): boolean {
  const marked = getSelection()
  const isMarking = marked?.isCollapsed === false && place.contains(marked.anchorNode)
  return isMarking || place.querySelector('details[open]') !== null
}

/** Replaces the content and gives the focus back to the link that had it, if it is still there. */
function replace(place: HTMLElement, text: string): void {
  const { activeElement } = document
  const href = place.contains(activeElement) ? activeElement?.getAttribute('href') : null
  place.innerHTML = text
  enhance(place)
  if (href) place.querySelector<HTMLElement>(`[href="${CSS.escape(href)}"]`)?.focus()
}
