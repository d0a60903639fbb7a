/** Keeps parts of a page as they are on the server, while somebody looks. */
import type { PartUpdate } from '../live/updates.ts'
import { enhance } from './enhance.ts'
import type { LiveConnection } from './live-connection.ts'

/** How long what came waits for somebody who has their hand on the part. */
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

/** What somebody has opened or is marking must not vanish under the hand. */
function isBusy(place: HTMLElement): boolean {
  const marked = getSelection()
  const isMarking = marked?.isCollapsed === false && place.contains(marked.anchorNode)
  return isMarking || place.querySelector('details[open]') !== null
}

/** Whatever had the focus has it afterwards, if it is still there. */
function replace(place: HTMLElement, text: string): void {
  const { activeElement } = document
  const href = place.contains(activeElement) ? activeElement?.getAttribute('href') : null
  place.innerHTML = text
  enhance(place)
  if (href) place.querySelector<HTMLElement>(`[href="${CSS.escape(href)}"]`)?.focus()
}
