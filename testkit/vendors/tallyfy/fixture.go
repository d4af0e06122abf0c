package tallyfy

// Ids of the fixtures.
const (
	AcmeOrg   = "4f1c9a7e2b6d8035c1e7f0a92d34b586"
	GlobexOrg = "9be0d3547a18c26f5d40e1b7836fa2c9"

	// SalesApproval is the template "Sales order approval" of AcmeOrg.
	SalesApproval = "5a0d7c3e91b84f26a7c2e45d18f063b9"
	// ClientOnboarding is the template "Client onboarding" of AcmeOrg.
	ClientOnboarding = "c15bf2be31c3a7fbded5d13fce7aaab9"
	// GlobexIntake is a template of GlobexOrg: unknown to AcmeOrg.
	GlobexIntake = "e7702d4f6ac9135b8e61f0c45db3a298"
	// ClientName is the kick-off field customer_name of ClientOnboarding.
	ClientName = "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6"

	Ada  = 1001 // admin of both organisations
	Stan = 1002 // standard member of AcmeOrg, as are the next three
	Fay  = 1003 // does the finance reviews
	Cora = 1004 // checks credit
	Max  = 1005 // manages, and approves
)

// Fixtures returns what a server begins with, for reading or as a start for other data.
func Fixtures() Data {
	return Data{
		Organizations: []Organization{
			{ID: AcmeOrg, Name: "ACME Distribution", Roles: map[int]string{
				Ada: roleAdmin, Stan: roleStandard, Fay: roleStandard, Cora: roleStandard, Max: roleStandard,
			}},
			{ID: GlobexOrg, Name: "Globex", Roles: map[int]string{Ada: roleAdmin}},
		},
		Users: []User{
			{ID: Ada, Email: "ada@acme.example", FirstName: "Ada", LastName: "Admin", Home: AcmeOrg},
			{ID: Stan, Email: "stan@acme.example", FirstName: "Stan", LastName: "Standard", Home: AcmeOrg},
			{ID: Fay, Email: "fay@acme.example", FirstName: "Fay", LastName: "Finance", Home: AcmeOrg},
			{ID: Cora, Email: "cora@acme.example", FirstName: "Cora", LastName: "Credit", Home: AcmeOrg},
			{ID: Max, Email: "max@acme.example", FirstName: "Max", LastName: "Manager", Home: AcmeOrg},
		},
		Templates: []Template{salesApproval(), clientOnboarding(), {
			ID: GlobexIntake, Organization: GlobexOrg, Alias: "intake", Title: "Intake", Owner: Ada,
			Steps: []Step{step("intake", "read", "Read the request", Ada)},
		}},
	}
}

// salesApproval is the process that a large sales order goes through.
func salesApproval() Template {
	const name = "sales_order_approval"
	finance := step(name, "finance_review", "Finance review", Fay)
	finance.DueDays = 1
	finance.Captures = []Field{
		field(name, "finance_comment", "Finance comment", "textarea"),
		field(name, "margin_ok", "Margin acceptable", "radio", "Yes", "No"),
	}
	credit := step(name, "credit_check", "Credit check", Cora)
	credit.DueDays = 2
	credit.Captures = []Field{
		required(field(name, "credit_limit", "Credit limit", "text")),
		field(name, "credit_rating", "Credit rating", "dropdown", "A", "B", "C"),
	}
	approval := step(name, "management_approval", "Management approval", Max)
	approval.TaskType = "approval"
	approval.DueDays = 3
	return Template{
		ID: SalesApproval, Organization: AcmeOrg, Alias: name, Title: "Sales order approval", Owner: Ada,
		Summary: "Review, credit check and approval of a large sales order.",
		Prerun: []Field{
			required(field(name, "order_number", "Order number", "text")),
			required(field(name, "customer_name", "Customer name", "text")),
			required(field(name, "order_total", "Order total", "text")),
			field(name, "currency", "Currency", "dropdown", "USD", "EUR", "GBP"),
			field(name, "requested_by", "Requested by", "email"),
			field(name, "notes", "Notes", "textarea"),
			field(name, "priority", "Priority", "radio", "Low", "Normal", "High"),
			field(name, "order_date", "Order date", "date"),
		},
		Steps: []Step{finance, credit, approval},
	}
}

// clientOnboarding has a kick-off field of every type.
func clientOnboarding() Template {
	const name = "customer_onboarding_v2"
	client := required(field(name, "customer_name", "Customer name", "text"))
	client.ID = ClientName
	contacts := field(name, "contacts", "Contacts", "table")
	contacts.Columns = []string{"Name", "E-mail"}
	contract := step(name, "sign_contract", "Sign contract", Max)
	contract.OnlyAssignees = true
	welcome := step(name, "welcome_call", "Welcome call")
	welcome.AssignRunStarter = true
	return Template{
		ID: ClientOnboarding, Organization: AcmeOrg, Alias: name, Title: "Client Onboarding", Owner: Ada,
		Prerun: []Field{
			client,
			field(name, "contract_value", "Contract value", "text"),
			field(name, "start_date", "Start date", "date"),
			field(name, "account_manager", "Account manager", "email"),
			field(name, "background", "Background", "textarea"),
			field(name, "priority", "Priority", "radio", "Low", "Normal", "High"),
			field(name, "department", "Department", "dropdown", "Sales", "Engineering", "Support"),
			field(name, "equipment", "Equipment", "multiselect", "Laptop", "Monitor", "Headset"),
			contacts,
			field(name, "team", "Team", "assignees_form"),
			field(name, "contract", "Contract", "file"),
		},
		Steps: []Step{
			step(name, "collect_documents", "Collect documents", Stan), contract,
			step(name, "set_up_account", "Set up account", Ada, Stan), welcome,
		},
	}
}

// field makes a field whose id follows from its template and alias.
func field(template, alias, label, kind string, options ...string) Field {
	return Field{ID: hexID("field", template, alias), Alias: alias, Label: label, Type: kind, Options: options}
}

func required(f Field) Field {
	f.Required = true
	return f
}

// step makes a step whose id follows from its template and alias.
func step(template, alias, title string, owners ...int) Step {
	return Step{
		ID: hexID("step", template, alias), Alias: alias, Title: title, TaskType: "task",
		Owners: Owners{Users: owners},
	}
}
