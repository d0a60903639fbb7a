/** A history on a fresh folder, with a clock that tests set, and a look at its tables. */
import { join } from 'node:path'
import type { ChannelRef } from '../../../src/core/types.ts'
import type { HistoryFault } from '../../../src/core/history/history.ts'
import { HistoryFile } from '../../../src/store/history/history-file.ts'
import { HistoryLog, type HistoryOptions } from '../../../src/store/history/history-log.ts'
import { NOW } from '../../suite/history-entries.ts'
import { temporaryFolder } from '../../support/server.ts'
import { clockAt } from '../../support/clocks.ts'

type Table = 'channels' | 'entries' | 'versions' | 'annotations'

export class OpenedLog {
  readonly #folder = temporaryFolder()
  readonly #options: Partial<HistoryOptions>
  now = NOW
  diskMbOf: (realm: string) => number = () => 0
  keepsLast: (channel: ChannelRef) => boolean = () => false
  readonly faults: HistoryFault[] = []
  file: HistoryFile
  log: HistoryLog

  constructor(options: Partial<HistoryOptions> = {}) {
    this.#options = options
    this.file = this.#openFile()
    this.log = this.#openLog()
  }

  #openFile(): HistoryFile {
    return new HistoryFile(this.folder)
  }

  #openLog(): HistoryLog {
    return new HistoryLog(this.file, {
      hours: 24,
      diskMb: 0,
      shareOf: (realm) => realm.split('/')[0]!,
      diskMbOf: (realm) => this.diskMbOf(realm),
      clock: clockAt(() => this.now),
      keepsLast: (channel) => this.keepsLast(channel),
      onFault: (fault) => void this.faults.push(fault),
      ...this.#options,
    })
  }

  get folder(): string {
    return this.#folder.path
  }

  get path(): string {
    return join(this.folder, 'history.db')
  }

  reopen(): void {
    this.log.close()
    this.file = this.#openFile()
    this.log = this.#openLog()
  }

  /** Steps of the retention until there is nothing more to do; returns how many that took. */
  tidy(): number {
    let steps = 1
    while (this.log.retention.step()) steps++
    return steps
  }

  count(table: Table): number {
    const row = this.file.sqlite.query(`SELECT count(*) AS count FROM ${table}`).get()
    return (row as { count: number }).count
  }

  pragma(name: string): unknown {
    return Object.values(this.file.sqlite.query(`PRAGMA ${name}`).get() as object)[0]
  }

  end(): void {
    this.log.close()
    this.#folder.remove()
  }
}
