// Written by `python -m grid.schema_export` from the models in grid/. Do not edit.
/** A field that got another name, its values others. */
export interface Recode {
	readonly since: number;
	readonly old: string;
	readonly new: string;
	readonly values: readonly (readonly [old: unknown, new: unknown])[];
}
/** Schema of each record type that this app writes. */
export const SCHEMAS: Record<string, number> = {
	"household": 1,
	"resident": 2,
	"patrol": 1,
	"visit": 1,
	"event": 1,
	"dispute": 1,
	"task": 1,
	"campaign-record": 1,
	"place": 1,
	"organisation": 1,
};
/** How records of older schemas are brought up to date, by type. */
export const UPCASTS: Record<string, readonly Recode[]> = {
	"resident": [
		{
			"since": 2,
			"old": "living_here",
			"new": "presence",
			"values": [
				[
					true,
					"here"
				],
				[
					false,
					"away"
				]
			]
		}
	]
};
