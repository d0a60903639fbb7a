CREATE TABLE `__new_app_stats` (
	`app_id` text NOT NULL,
	`unit` text NOT NULL,
	`start` integer NOT NULL,
	`is_fixture` integer NOT NULL,
	`numbers` text NOT NULL,
	PRIMARY KEY(`app_id`, `unit`, `start`, `is_fixture`)
);
--> statement-breakpoint
INSERT INTO `__new_app_stats`("app_id", "unit", "start", "is_fixture", "numbers") SELECT "app_id", "unit", "start", "is_fixture", "numbers" FROM `app_stats`;--> statement-breakpoint
DROP TABLE `app_stats`;--> statement-breakpoint
ALTER TABLE `__new_app_stats` RENAME TO `app_stats`;--> statement-breakpoint
CREATE INDEX `app_stats_age` ON `app_stats` (`unit`,`start`);