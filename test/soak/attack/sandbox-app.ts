/** An app of the sandbox, as any stranger makes one. */
import type { Attacker } from './attacker.ts'

/** @returns its keys */
export async function sandboxApp(attacker: Attacker, wish: unknown): Promise<readonly string[]> {
  const { status, text } = await attacker.ask('/apps', { body: JSON.stringify(wish) })
  if (status !== 201) throw new Error(`no app: ${status}`)
  return (JSON.parse(text) as { keys: { keyStr: string }[] }).keys.map(({ keyStr }) => keyStr)
}
