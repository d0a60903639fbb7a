/** Whether the clock here can be right: dates of events, certificates and tokens hang on it (E-5). */
import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Config } from '../../config.ts'
import { type Finding, reporter } from './finding.ts'
import type { Probe } from './probe.ts'
import { isoDay } from './tls.ts'

const report = reporter('clock')

/** No version of this program is older, so no right clock shows an earlier date. */
const EARLIEST = Date.UTC(2026, 0, 1)
const LATEST = Date.UTC(2100, 0, 1)
const SET_CLOCK = [
  'sudo timedatectl set-ntp true',
  'containers and virtual machines: set the clock of the host',
]

const FUTURE_MS = 60_000
const SKEW_WARNING_MS = 5_000
const SKEW_WRONG_MS = 60_000

/** Compares with what is at hand: the calendar, and the files that the server wrote. */
export async function* checkClock(config: Config, now: number): AsyncGenerator<Finding> {
  if (now < EARLIEST || now > LATEST) {
    yield report.wrong(`the clock shows ${isoDay(now)}`, SET_CLOCK)
    return
  }
  const newest = await newestFile(resolve(config.data))
  if (newest !== undefined && newest - now > FUTURE_MS) {
    yield report.warning(
      `a file in the data folder is dated ${duration(newest - now)} ahead: the clock was set back, or is wrong`,
      SET_CLOCK,
    )
    return
  }
  yield report.ok(`the clock shows ${new Date(now).toISOString().slice(0, 19)}Z`)
}

async function newestFile(folder: string): Promise<number | undefined> {
  const names = await readdir(folder).catch(() => [])
  const times = await Promise.all(
    names.map((name) =>
      stat(join(folder, name))
        .then((file) => file.mtimeMs)
        .catch(() => 0),
    ),
  )
  return times.length === 0 ? undefined : Math.max(...times)
}

/** Compares with the `Date` header of the public address; `offsetMs` is how far the injected clock is from the machine's. */
export function* checkRemoteClock(probe: Probe, offsetMs: number): Generator<Finding> {
  if (!probe.date) return
  const remote = Date.parse(probe.date.header)
  if (Number.isNaN(remote)) return
  // The header has whole seconds, cut off: on average it lags half a second.
  const skew = probe.date.at + offsetMs - (remote + 500)
  const size = Math.abs(skew)
  if (size < SKEW_WARNING_MS) {
    yield report.ok('it agrees with the clock of the public address')
    return
  }
  const make = size < SKEW_WRONG_MS ? report.warning : report.wrong
  const side = skew > 0 ? 'ahead of' : 'behind'
  yield make(
    `the clock here is ${duration(size)} ${side} the clock of the public address`,
    SET_CLOCK,
  )
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} minutes`
  return seconds < 172_800
    ? `${Math.round(seconds / 3600)} hours`
    : `${Math.round(seconds / 86_400)} days`
}
