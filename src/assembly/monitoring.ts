/** Composes what watches over the running process: its log, its counters, how busy it is, and how many files are open. */
import type { Clock } from '../core/clock.ts'
import { AppCounters } from '../core/counting/app-counters.ts'
import { Counters } from '../core/counting/counters.ts'
import { Faults } from '../ops/faults.ts'
import { logger } from '../ops/logs.ts'
import { LoopDelay } from '../ops/metrics.ts'
import { OpenFiles } from '../ops/open-files.ts'
import { reportOpenFiles } from './few-files.ts'

export class Monitoring {
  readonly log = logger('server')
  readonly counters = new Counters()
  readonly appCounters = new AppCounters()
  readonly loopDelay = new LoopDelay()
  readonly files = new OpenFiles(reportOpenFiles)
  readonly faults: Faults

  constructor(clock: Clock) {
    this.faults = new Faults(this.log, clock)
  }

  start(): void {
    this.loopDelay.start()
    this.files.start()
  }

  stop(): void {
    this.faults.stop()
    this.loopDelay.stop()
    this.files.stop()
  }
}
