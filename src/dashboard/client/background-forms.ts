/** Forms that are sent in the background: what came of it is shown beside them, and the page stays as it is. */
import { enhance } from './enhance.ts'

export function answers(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-answer-in]')) {
    const place = document.getElementById(form.dataset['answerIn'] ?? '')
    if (!place) continue
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      void send(form).then((answer) => {
        place.innerHTML = answer ?? ''
        if (answer === undefined) place.textContent = 'The server does not answer.'
        enhance(place)
      })
    })
  }
}

async function send(form: HTMLFormElement): Promise<string | undefined> {
  const body = new URLSearchParams()
  for (const [name, value] of new FormData(form)) {
    if (typeof value === 'string') body.append(name, value)
  }
  const headers = { 'x-latchkey-part': 'answer' }
  try {
    const response = await fetch(form.action, { method: 'POST', body, headers })
    return response.ok && !response.redirected ? await response.text() : undefined
  } catch {
    return undefined
  }
}
