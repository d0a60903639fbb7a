/** The changed fields of an audit entry, without secrets. */
import type { AuditedField } from '../../store/tables/audit.ts'

/** Longer values are cut. */
const MAX_LENGTH = 500

/** @param shown the fields that may appear in the trail, with their labels */
export function fieldsOf<T extends object>(
  before: Partial<T> | undefined,
  after: Partial<T>,
  shown: { readonly [K in keyof T]?: string },
): AuditedField[] {
  const fields: AuditedField[] = []
  for (const [name, field] of Object.entries(shown) as [keyof T, string][]) {
    if (!(name in after)) continue
    const [from, to] = [valueText(before?.[name]), valueText(after[name])]
    if (from === to) continue
    fields.push({ field, ...(from !== undefined && { from }), ...(to !== undefined && { to }) })
  }
  return fields
}

/** Records that a secret was set, changed or removed, without its value. */
export function secretField(field: string, before: unknown, after: unknown): AuditedField[] {
  const [was, is] = [before ?? undefined, after ?? undefined]
  if (is === undefined) return was === undefined ? [] : [{ field, to: 'taken away' }]
  return [{ field, to: was === undefined ? 'set' : 'changed' }]
}

function valueText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  const text = typeof value === 'string' ? value : String(value)
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text
}
