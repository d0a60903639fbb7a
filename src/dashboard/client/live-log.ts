/** A channel's log: what happens there is put on top as it happens. */
import type { LogUpdate, WireEntry } from '../live/updates.ts'
import type { LiveConnection } from './live-connection.ts'
import { times } from './times.ts'

/** Most entries on the page; more would make it slow. */
const MAX_SHOWN = 500

export function followLog(connection: LiveConnection): void {
  const log = document.querySelector<HTMLElement>('[data-log]')
  if (!log) return
  log.ariaBusy = 'true'
  const view = new URL(log.dataset['log'] ?? '', location.origin)
  connection.add({
    view: () => view.pathname + view.search,
    update: (value) => {
      const update = value as LogUpdate
      view.searchParams.set('since', update.position)
      show(log, update)
      log.ariaBusy = 'false'
    },
  })
}

function show(log: HTMLElement, { entries, gap, skipped }: LogUpdate): void {
  const lines = entries.map(line)
  if (gap) lines.unshift(remark('Something may be missing here.'))
  if (skipped > 0) lines.push(remark(`${skipped.toLocaleString('en')} more at the same time`))
  if (lines.length === 0) return
  document.getElementById('log-empty')?.remove()
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

/** Sets text and never markup, because clients wrote it. */
function make(kind: string, className: string, text = ''): HTMLElement {
  const element = document.createElement(kind)
  element.className = className
  element.textContent = text
  return element
}
