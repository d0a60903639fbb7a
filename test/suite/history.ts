/** What holds for every implementation of `History`. */
import { afterAll, beforeAll, describe } from 'bun:test'
import type { Clock } from '../../src/core/clock.ts'
import type { History } from '../../src/core/history/history.ts'
import { HistoryBench } from './history-bench.ts'
import { changeCases } from './history-change-cases.ts'
import { channelCases } from './history-channel-cases.ts'
import { contentCases } from './history-content-cases.ts'
import { NOW } from './history-entries.ts'
import { pageCases } from './history-page-cases.ts'
import { propertyCases } from './history-property-cases.ts'
import { clockAt } from '../support/clocks.ts'

export interface OpenedHistory {
  readonly history: History
  close(): void
}

/**
 * Runs the cases over one implementation.
 * @param make a history that is empty and goes by the clock; each channel has to keep a thousand entries of the
 *   last minute
 */
export function historyCases(name: string, make: (clock: Clock) => OpenedHistory): void {
  describe(`${name} as a history`, () => {
    let opened: OpenedHistory
    beforeAll(() => void (opened = make(clockAt(() => NOW))))
    afterAll(() => opened.close())

    const bench = new HistoryBench(() => opened.history)
    contentCases(bench)
    pageCases(bench)
    changeCases(bench)
    channelCases(bench)
    propertyCases(bench)
  })
}
