/** Forms that show what they would do while they are filled in: the server answers with a piece of the page. */
import { enhance } from './enhance.ts'

const WAIT_MS = 150

export function showPreviews(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-preview]')) {
    const place = document.getElementById(form.dataset['previewInto'] ?? '')
    if (place) previewOf(form, place)
  }
  for (const button of document.querySelectorAll<HTMLElement>('[data-scriptless]')) {
    button.hidden = true
  }
}

function previewOf(form: HTMLFormElement, place: HTMLElement): void {
  let waiting: ReturnType<typeof setTimeout> | undefined
  let latest = 0
  const ask = async () => {
    const mine = ++latest
    const answer = await post(form.dataset['preview'] ?? '', form)
    // A slow answer must not replace a newer one.
    if (answer === undefined || mine !== latest) return
    place.innerHTML = answer
    enhance(place)
  }
  form.addEventListener('input', () => {
    clearTimeout(waiting)
    waiting = setTimeout(() => void ask(), WAIT_MS)
  })
}

/** In a body and not in the address, because what is typed may be a secret. */
async function post(url: string, form: HTMLFormElement): Promise<string | undefined> {
  const body = new URLSearchParams()
  for (const [name, value] of new FormData(form)) {
    if (typeof value === 'string') body.append(name, value)
  }
  try {
    const response = await fetch(url, { method: 'POST', body })
    return response.ok && !response.redirected ? await response.text() : undefined
  } catch {
    return undefined
  }
}
