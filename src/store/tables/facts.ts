/** Single values kept in the database by name. */
import { eq } from 'drizzle-orm'
import type { Store } from '../database.ts'
import { facts } from '../schema/records.ts'

export function readFact({ db }: Store, name: string): Buffer | undefined {
  return db.select().from(facts).where(eq(facts.name, name)).get()?.value
}

export function writeFact({ db }: Store, name: string, value: Buffer): void {
  db.insert(facts)
    .values({ name, value })
    .onConflictDoUpdate({ target: facts.name, set: { value } })
    .run()
}

export function removeFact({ db }: Store, name: string): void {
  db.delete(facts).where(eq(facts.name, name)).run()
}
