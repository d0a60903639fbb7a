/** Keeps parts of a page fresh: asks for them again every other second, while somebody looks. */
import { enrich } from './enrich.ts'
import { isPaused } from './pause.ts'

const EVERY_MS = 2000

export function freshen(): void {
  for (const place of document.querySelectorAll<HTMLElement>('[data-fresh]')) {
    let last = ''
    const ask = async () => {
      if (!document.hidden && !isPaused() && !isBusy(place)) {
        const text = await read(place.dataset['fresh'] ?? '')
        if (text !== undefined && text !== last && !isBusy(place)) {
          last = text
          replace(place, text)
        }
      }
      setTimeout(() => void ask(), EVERY_MS)
    }
    setTimeout(() => void ask(), EVERY_MS)
  }
}

/** What somebody has opened or is marking must not vanish under the hand. */
function isBusy(place: HTMLElement): boolean {
  const marked = getSelection()
  const isMarking = marked?.isCollapsed === false && place.contains(marked.anchorNode)
  return isMarking || place.querySelector('details[open]') !== null
}

async function read(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { headers: { 'x-latchkey-part': 'fresh' } })
    return response.ok && !response.redirected ? await response.text() : undefined
  } catch {
    return undefined
  }
}

/** Whatever had the focus has it afterwards, if it is still there. */
function replace(place: HTMLElement, text: string): void {
  const { activeElement } = document
  const href = place.contains(activeElement) ? activeElement?.getAttribute('href') : null
  place.innerHTML = text
  enrich(place)
  if (href) place.querySelector<HTMLElement>(`[href="${CSS.escape(href)}"]`)?.focus()
}
