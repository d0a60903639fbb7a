/** Why the history could not be written or read. */
import { HistoryFault } from '../../core/history/history.ts'
import { failure } from '../../failure.ts'
import { isBusy, plainly, troubleOf } from '../../trouble.ts'

/** Whether trying again with less would be of no use. */
export function concernsDisk(error: unknown): boolean {
  return troubleOf(error) !== undefined
}

/** What is said of an error while the history was written. */
export function faultOf(error: unknown): HistoryFault {
  if (error instanceof HistoryFault) return error
  const told = isBusy(error) ? failure('history_busy') : failure('not_kept')
  const text = `history.db cannot be written: ${plainly(error)}`
  return new HistoryFault(text, told, { cause: error })
}

/** What is said of an error while it was read. What cannot be made sense of is damage as well. */
export function readingFault(error: unknown): HistoryFault {
  if (error instanceof HistoryFault) return error
  const told = isBusy(error) ? failure('history_busy') : failure('history_unreadable')
  const why = troubleOf(error) ?? `it is damaged (${plainly(error)})`
  return new HistoryFault(`history.db cannot be read: ${why}`, told, { cause: error })
}

export const faults = {
  closed: () => new HistoryFault('the history has been closed', failure('not_kept')),
  full: () =>
    new HistoryFault('history.db cannot be written as fast as it should', failure('history_busy')),
  held: () =>
    new HistoryFault(
      'history.db cannot be read: another program holds it',
      failure('history_busy'),
    ),
}
