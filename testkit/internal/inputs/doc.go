// Package inputs makes up inputs of an operation from its schema: the edges of what it allows, and what people and
// programs type that nobody thought of. The same schema, base and seed give the same inputs.
package inputs
