/** The live pages: parts that stay fresh, a channel's log, and a message to try it out. */
import { answers } from './background-forms.ts'
import { keepLivePartsFresh } from './live-parts.ts'
import { LiveConnection, type LiveState } from './live-connection.ts'
import { followLog } from './live-log.ts'
import { onPause, pauses } from './pause.ts'

const STATES: Readonly<Record<LiveState, readonly [tone: string, words: string]>> = {
  open: ['good', 'Live'],
  retrying: ['bad', 'The connection is lost; trying again'],
  over: ['bad', 'Ended; load the page again'],
}

pauses()
connect()
answers()

function connect(): void {
  const address = document.querySelector<HTMLElement>('[data-socket]')?.dataset['socket']
  if (address === undefined) return
  const connection = new LiveConnection(address, (state) => say(...STATES[state]))
  keepLivePartsFresh(connection)
  followLog(connection)
  onPause((isPaused) => {
    if (!isPaused) return connection.open()
    connection.close()
    say('plain', 'Paused')
  })
  connection.open()
}

function say(tone: string, text: string): void {
  for (const state of document.querySelectorAll<HTMLElement>('[data-live-state]')) {
    state.dataset['liveState'] = tone
    if (state.textContent !== text) state.textContent = text
  }
}
