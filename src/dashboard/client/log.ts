/** A channel's log: what happens there is put on top as it happens. */
import { Feed, type FeedState, type Told, type WireEntry } from './feed.ts'
import { onPause } from './pause.ts'
import { times } from './times.ts'

/** More would only make the page slow. */
const MAX_SHOWN = 500

const STATES: Readonly<Record<FeedState, readonly [tone: string, words: string]>> = {
  open: ['good', 'Live'],
  retrying: ['bad', 'The connection is lost; trying again'],
  over: ['bad', 'Ended; load the page again'],
}

export function followLog(): void {
  const log = document.querySelector<HTMLElement>('[data-stream]')
  if (!log) return
  const feed = new Feed(log.dataset['stream'] ?? '', {
    told: (told) => show(log, told),
    state: (state) => say(...STATES[state]),
  })
  onPause((isPaused) => {
    if (!isPaused) return feed.open()
    feed.close()
    say('plain', 'Paused')
  })
  feed.open()
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
