/** What services are made of that change settings in somebody's name. */
import type { AuditService } from './audit/audit.ts'
import type { StoreParts } from './store-parts.ts'

export interface ServiceParts extends StoreParts {
  readonly audit: AuditService
}
