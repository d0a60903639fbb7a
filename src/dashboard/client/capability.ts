/** Keeps the two ways to write a capability equal: the server turns one into the other, so that no rule is here. */
interface Translation {
  readonly json?: string
  readonly privileges?: readonly string[]
  readonly channels?: string
  readonly fault?: string
}

const WAIT_MS = 200

export function capabilities(): void {
  for (const group of document.querySelectorAll<HTMLElement>('[data-capability]')) follow(group)
}

function follow(group: HTMLElement): void {
  const form = group.closest('form')
  if (!form) return
  let waiting: ReturnType<typeof setTimeout> | undefined
  let latest = 0
  const translate = async () => {
    const mine = ++latest
    const answer = await ask(group.dataset['capability'] ?? '', form)
    if (answer && mine === latest) show(group, answer)
  }
  group.addEventListener('input', (event) => {
    const field = event.target
    if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) return
    // What was touched last is what counts.
    if (field.name !== 'mode') choose(group, field.name === 'json' ? 'json' : 'lists')
    if (field instanceof HTMLInputElement && field.name === 'privilege') settle(group, field)
    clearTimeout(waiting)
    waiting = setTimeout(() => void translate(), WAIT_MS)
  })
}

/** "Everything" ticks all, and is ticked no more when one of them is not. */
function settle(group: HTMLElement, changed: HTMLInputElement): void {
  const all = ticks(group)
  if (changed.value === '*') for (const tick of all) tick.checked = changed.checked
  else if (!changed.checked) for (const tick of all) if (tick.value === '*') tick.checked = false
}

async function ask(url: string, form: HTMLFormElement): Promise<Translation | undefined> {
  const body = new URLSearchParams()
  for (const [name, value] of new FormData(form)) {
    if (typeof value === 'string') body.append(name, value)
  }
  const response = await fetch(url, { method: 'POST', body }).catch(() => undefined)
  return response?.ok && !response.redirected ? ((await response.json()) as Translation) : undefined
}

function show(group: HTMLElement, { json, privileges, channels, fault }: Translation): void {
  const mode = group.querySelector<HTMLInputElement>('[name=mode]:checked')?.value
  for (const place of group.querySelectorAll<HTMLElement>('[data-capability-fault]')) {
    const isMeant = fault !== undefined && place.dataset['capabilityFault'] === mode
    place.hidden = !isMeant
    place.textContent = isMeant ? fault : ''
  }
  const text = group.querySelector<HTMLTextAreaElement>('[name=json]')
  if (text && json !== undefined) text.value = json
  const names = group.querySelector<HTMLTextAreaElement>('[name=channels]')
  if (names && channels !== undefined) names.value = channels
  if (privileges === undefined) return
  for (const tick of ticks(group)) {
    tick.checked = privileges.includes('*') || privileges.includes(tick.value)
  }
}

function choose(group: HTMLElement, mode: 'json' | 'lists'): void {
  for (const radio of group.querySelectorAll<HTMLInputElement>('[name=mode]')) {
    radio.checked = radio.value === mode
  }
}

function ticks(group: HTMLElement): HTMLInputElement[] {
  return [...group.querySelectorAll<HTMLInputElement>('[name=privilege]')]
}
