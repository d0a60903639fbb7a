/** A channel's log: what happens there is put on top as it happens. */
import { times } from './times.ts'
import { onPause } from './pause.ts'

/** As `pages/live/entry.tsx` makes it. */
interface WireEntry {
  readonly at: number
  readonly who: string
  readonly words: string
  readonly name: string
  readonly body: string
  readonly note: string
}

interface Told {
  readonly entries: readonly WireEntry[]
  /** How many there were more, at a time. */
  readonly skipped: number
  /** Whether something may be missing before these. */
  readonly gap: boolean
}

/** More would only make the page slow. */
const MAX_SHOWN = 500

export function followLog(): void {
  const log = document.querySelector<HTMLElement>('[data-stream]')
  if (!log) return
  let source: EventSource | undefined
  let position = ''
  const open = () => {
    const url = new URL(log.dataset['stream'] ?? '', location.href)
    if (position !== '') url.searchParams.set('since', position)
    source = new EventSource(url)
    source.addEventListener('open', () => say('good', 'Live'))
    source.addEventListener('error', () => say('bad', 'The connection is lost; trying again'))
    source.addEventListener('message', ({ data, lastEventId }: MessageEvent<string>) => {
      position = lastEventId
      show(log, JSON.parse(data) as Told)
    })
  }
  onPause((isPaused) => {
    source?.close()
    if (isPaused) say('plain', 'Paused')
    else open()
  })
  open()
}

function say(tone: string, text: string): void {
  for (const state of document.querySelectorAll<HTMLElement>('[data-live-state]')) {
    state.dataset['liveState'] = tone
    if (state.textContent !== text) state.textContent = text
  }
}

function show(log: HTMLElement, { entries, gap, skipped }: Told): void {
  document.getElementById('log-empty')?.remove()
  const lines = entries.map(line)
  if (gap) lines.unshift(remark('Something may be missing here.'))
  if (skipped > 0) lines.push(remark(`${skipped.toLocaleString('en')} more at the same time`))
  log.prepend(...lines.toReversed())
  for (const old of [...log.children].slice(MAX_SHOWN)) old.remove()
  times(log)
}

function line({ at, who, words, name, body, note }: WireEntry): HTMLElement {
  const item = make('li', 'entry new')
  const head = make('div', 'entry-head')
  const time = document.createElement('time')
  time.dateTime = new Date(at).toISOString()
  time.dataset['time'] = 'exact'
  head.append(time)
  if (who !== '') head.append(make('strong', '', who))
  if (words !== '') head.append(make('span', 'faint', words))
  if (name !== '') head.append(make('span', 'badge accent', name))
  if (note !== '') head.append(make('span', 'faint small', note))
  item.append(head)
  if (body !== '') item.append(make('pre', 'entry-body', body))
  return item
}

function remark(text: string): HTMLElement {
  const item = make('li', 'entry')
  item.append(make('div', 'faint small', text))
  return item
}

/** Text is always text, whatever a client has sent. */
function make(kind: string, className: string, text = ''): HTMLElement {
  const element = document.createElement(kind)
  element.className = className
  element.textContent = text
  return element
}
