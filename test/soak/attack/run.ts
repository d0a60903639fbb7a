/** Pulls one lever on a fresh server, and tells what became of the others there. */
import { join } from 'node:path'
import { Bystanders, type Findings } from './bystanders.ts'
import type { Lever } from './lever.ts'
import type { Target } from './target.ts'
import type { Program, Stage, Subject } from './subject.ts'

export interface Result extends Findings {
  readonly lever: Lever
  /** Resident bytes before the attack, at the most, and a while after it. */
  readonly memory: { readonly before: number; readonly most: number; readonly after: number }
  /** Bytes of log that the attack made. */
  readonly logged: number
  /** What the attacker got, by outcome. */
  readonly outcomes: Readonly<Record<string, number>>
}

/** Of the attacker's process, beyond the seconds it is given, until it is ended. */
const GRACE_MS = 30_000
/** Of quiet afterwards, in which a server that works off what it was given still counts as attacked. */
const AFTERMATH_MS = 1000

/**
 * @param seconds that the attacker has
 * @param profiler the same program as the stage's, which writes a profile when it ends
 */
export async function pull(
  stage: Stage,
  lever: Lever,
  seconds: number,
  profiler?: Program,
): Promise<Result> {
  await using subject = await stage.start(lever.flags ?? [], profiler)
  const bystanders = await Bystanders.meet(subject, stage.keys.neighbour)
  try {
    const before = subject.memory().now
    const logged = subject.logged
    bystanders.start()
    const target: Target = {
      port: subject.port,
      key: stage.keys.attacker,
      revocableKey: stage.keys.attackerRevocable,
    }
    const outcomes = await attack(lever, seconds, target)
    await Bun.sleep(AFTERMATH_MS)
    const findings = await bystanders.findings()
    const memory = { before, ...memoryOf(subject) }
    return {
      lever,
      ...findings,
      harms: [...gone(subject), ...findings.harms],
      memory,
      logged: subject.logged - logged,
      outcomes,
    }
  } finally {
    bystanders.leave()
    if (profiler) await subject.stop()
  }
}

function gone(subject: Subject): string[] {
  return subject.isRunning ? [] : ['the server is gone']
}

function memoryOf(subject: Subject): { most: number; after: number } {
  if (!subject.isRunning) return { most: NaN, after: NaN }
  const { now, most } = subject.memory()
  return { most, after: now }
}

async function attack(
  lever: Lever,
  seconds: number,
  target: Target,
): Promise<Readonly<Record<string, number>>> {
  const file = join(import.meta.dir, 'attack.ts')
  const parameters = [lever.name, String(seconds), JSON.stringify(target)]
  const child = Bun.spawn([process.execPath, file, ...parameters], {
    stdout: 'pipe',
    stderr: 'inherit',
    timeout: seconds * 1000 + GRACE_MS,
    killSignal: 'SIGKILL',
  })
  const text = await new Response(child.stdout).text()
  await child.exited
  return text === '' ? { 'attacker ended': 1 } : (JSON.parse(text) as Record<string, number>)
}
