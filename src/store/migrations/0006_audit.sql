CREATE TABLE `audit` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`at` integer NOT NULL,
	`account_id` text NOT NULL,
	`actor_kind` text NOT NULL,
	`actor` text NOT NULL,
	`address` text,
	`action` text NOT NULL,
	`kind` text NOT NULL,
	`entity` text NOT NULL,
	`name` text NOT NULL,
	`fields` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `audit_account` ON `audit` (`account_id`,`seq`);